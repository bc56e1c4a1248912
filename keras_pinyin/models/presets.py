"""Sizes as data, and where the released models lie."""

SIZES = {
    "nano": {
        "description": "For tests and very small devices: one encoder layer, 64 wide.",
        "config": {
            "dim": 64,
            "encoder_layers": 1,
            "decoder_layers": 1,
            "ffn_dim": 128,
            "decoder_ffn_dim": 64,
            "attention": {
                "local_heads": 1,
                "global_heads": 1,
                "pinyin_heads": 1,
                "position_heads": 1,
                "key_dim": 16,
                "window": 4,
            },
            "key_memory_rows": 1 << 15,
            "key_memory_dim": 16,
            "memory_slots": 400_000,
        },
    },
    "small": {
        "description": "The phone and desktop model: three encoder layers, 192 wide.",
        "config": {
            "dim": 192,
            "encoder_layers": 3,
            "decoder_layers": 1,
            "ffn_dim": 768,
            "decoder_ffn_dim": 384,
            "attention": {
                "local_heads": 2,
                "global_heads": 2,
                "pinyin_heads": 1,
                "position_heads": 1,
                "key_dim": 32,
                "window": 4,
            },
            "key_memory_rows": 1 << 17,
            "key_memory_dim": 32,
            "memory_slots": 2_400_000,
        },
    },
    "base": {
        "description": "For a GPU: eight encoder layers, 512 wide.",
        "config": {
            "dim": 512,
            "encoder_layers": 8,
            "decoder_layers": 2,
            "ffn_dim": 2048,
            "decoder_ffn_dim": 1024,
            "attention": {
                "local_heads": 3,
                "global_heads": 3,
                "pinyin_heads": 1,
                "position_heads": 1,
                "key_dim": 64,
                "window": 8,
            },
            "key_memory_rows": 1 << 19,
            "key_memory_dim": 64,
            "memory_slots": 4_000_000,
        },
    },
}
