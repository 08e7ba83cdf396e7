"""Writes a tiny llama model with random weights, for a real llama.cpp server. Runs in that server's own environment.

python llama_model.py tiny.gguf            text stays printable and ends soon
python llama_model.py nasty.gguf --nasty   any byte may come at any place

No weight is learned, so the text means nothing; the server's tokenizer, context window, grammar and wire format are real.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import gguf
import numpy as np

CONTEXT = 32_768
WIDTH, INNER, HEADS, LAYERS = 64, 128, 4, 2
_NEVER, _ALMOST_NEVER = -40.0, -6.0
_CONSTANT = 8.0  # what every token carries in the first channel of its embedding


class Vocabulary:
    """One token per byte and one per printable character, each with how likely it shall be."""

    def __init__(self) -> None:
        self.tokens: list[bytes] = []
        self.kinds: list[int] = []
        self.scores: list[float] = []
        self.bias: list[float] = []
        kind = gguf.TokenType
        self._add("<unk>", kind.UNKNOWN, _NEVER)
        self._add("<s>", kind.CONTROL, _NEVER)
        self._add("</s>", kind.CONTROL, 1.5)
        for byte in range(256):
            self._add(f"<0x{byte:02X}>", kind.BYTE, _ALMOST_NEVER if byte == ord("\n") else _NEVER)
        for place, character in enumerate(["▁", *map(chr, range(33, 127))]):
            self._add(character, kind.NORMAL, _likelihood(character), score=-1.0 - place)

    def _add(self, token: str, kind: int, bias: float, score: float = 0.0) -> None:
        self.tokens.append(token.encode())
        self.kinds.append(kind)
        self.scores.append(score)
        self.bias.append(bias)


def _likelihood(character: str) -> float:
    """Quotes and closing brackets come often, so that strings and lists end; a backslash would start an escape."""
    if character == "\\":
        return _NEVER
    if character == '"':
        return 2.0
    if character in "}],":
        return 1.0
    return 0.5 if character == "▁" or character.isalpha() else 0.0


def write(path: Path, *, nasty: bool, seed: int = 7) -> None:
    """Writes the model.

    The first channel of the residual stream is a bias: every embedding has the same number there, and no layer adds to
    it, so it still stands at the end and the output weights turn it into a fixed preference for each token.

    Args:
        path: the file.
        nasty: leaves the bias out, so that every byte is about equally likely.
        seed: of the weights; the same seed gives the same file.
    """
    random = np.random.default_rng(seed)
    words = Vocabulary()
    count = len(words.tokens)

    def weights(*shape: int, spread: float = 0.1) -> np.ndarray:
        return (random.standard_normal(shape) * spread).astype(np.float32)

    def silent_first_row(matrix: np.ndarray) -> np.ndarray:
        matrix[0] = 0
        return matrix

    embedding, output = weights(count, WIDTH, spread=1.0), weights(count, WIDTH, spread=0.15)
    if not nasty:
        embedding[:, 0] = _CONSTANT
        # The norm before the output divides by the root mean square of the stream.
        after_norm = _CONSTANT / np.sqrt((_CONSTANT**2 + WIDTH - 1) / WIDTH)
        output[:, 0] = np.array(words.bias, np.float32) / after_norm
    file = _header(path, words)
    file.add_tensor("token_embd.weight", embedding)
    file.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    file.add_tensor("output.weight", output)
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        file.add_tensor(f"{block}attn_norm.weight", np.ones(WIDTH, np.float32))
        file.add_tensor(f"{block}ffn_norm.weight", np.ones(WIDTH, np.float32))
        for name in ("attn_q", "attn_k", "attn_v"):
            file.add_tensor(f"{block}{name}.weight", weights(WIDTH, WIDTH))
        file.add_tensor(f"{block}attn_output.weight", silent_first_row(weights(WIDTH, WIDTH)))
        for name in ("ffn_gate", "ffn_up"):
            file.add_tensor(f"{block}{name}.weight", weights(INNER, WIDTH))
        file.add_tensor(f"{block}ffn_down.weight", silent_first_row(weights(WIDTH, INNER)))
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


def _header(path: Path, words: Vocabulary) -> gguf.GGUFWriter:
    file = gguf.GGUFWriter(str(path), "llama")
    file.add_name("tiny")
    file.add_context_length(CONTEXT)
    file.add_embedding_length(WIDTH)
    file.add_block_count(LAYERS)
    file.add_feed_forward_length(INNER)
    file.add_head_count(HEADS)
    file.add_head_count_kv(HEADS)
    file.add_rope_dimension_count(WIDTH // HEADS)
    file.add_layer_norm_rms_eps(1e-5)
    file.add_vocab_size(len(words.tokens))
    file.add_file_type(gguf.LlamaFileType.ALL_F32)
    file.add_tokenizer_model("llama")
    file.add_token_list(words.tokens)
    file.add_token_scores(words.scores)
    file.add_token_types(words.kinds)
    file.add_unk_token_id(0)
    file.add_bos_token_id(1)
    file.add_eos_token_id(2)
    file.add_add_bos_token(True)
    file.add_chat_template("{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}[assistant] ")
    return file


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--nasty", action="store_true")
    options = parser.parse_args()
    write(options.path, nasty=options.nasty)
