"""Compute buffers: what a runtime holds besides weights and cache while one micro-batch runs.

llama.cpp's is the high-water mark of its worst-case graph: one whole micro-batch, logits for every token of it, a full cache. The graphs
follow `llama-graph.cpp` and `models/*.cpp`; biases and norms that run in place are left out, they take no memory."""

from functools import lru_cache

from pathfinder.estimate import cache, layout
from pathfinder.estimate.graph import Graph, Node, op, over, view
from pathfinder.types.models import Model, Shape

POST_NORM = {"gemma2", "gemma3", "gemma3n", "gemma4", "olmo2", "exaone4", "glm4", "cohere2-post"}
PARALLEL = {"command-r", "cohere2", "cohere2moe", "falcon", "gptneox", "phi2", "gptj"}
"""Attention and feed-forward read the same normed input, and are added together."""
LAYER_NORM = {
    "command-r", "cohere2", "falcon", "gpt2", "gptneox", "bloom", "mpt", "starcoder", "starcoder2", "phi2", "stablelm", "nemotron",
    "olmo", "orion",
    "dbrx", "codeshell", "jais",
}  # fmt: skip
"""Norms that cannot run in place (`GGML_OP_NORM`), unlike RMS norms."""
ROWS_LAST = {"gemma4", "qwen35", "qwen35moe", "qwen3next", "bailingmoe3", "hy-v3", "cohere2moe", "nemotron_h", "nemotron_h_moe"}
"""The output rows are picked after the last norm, for the sake of multi-token prediction, instead of inside the last layer."""
ROWS_LATE = {"gpt-oss", "step35", "mimo2"}
"""The output rows are picked before the last norm."""
SEPARATE_SCALE = {"gemma2", "gemma3", "gemma3n", "phi3", "phi2"}
QK_NORM = {"qwen3", "qwen3moe", "qwen3next", "qwen35", "qwen35moe", "gemma3", "gemma3n", "gemma4", "olmo2", "exaone4", "lfm2", "lfm2moe"}
GATED_EXPERT_SHARED = {"qwen2moe", "qwen3next", "qwen35moe"}
NORMED_WEIGHTS = {"qwen3moe", "llama", "qwen3next", "qwen35moe", "granitemoe", "mixtral", "dots1", "glm4moe", "phimoe", "minimax-m2"}


def buffers(model: Model, context: int, kv_type: str, parallel: int, batch: int) -> int:
    """Bytes of llama.cpp's compute buffer for a whole model on one backend, flash attention on; 0 without a shape."""
    shape = model.shape
    if shape is None:
        return 0
    return _peak(model.arch, shape, context, kv_type, parallel, batch)


@lru_cache(256)
def _peak(arch: str, shape: Shape, context: int, kv_type: str, parallel: int, batch: int) -> int:
    """Kept, because one decision asks it of every cell and device set."""
    tokens = min(batch, cache.pad(context))
    return _Builder(arch, shape, tokens, context, kv_type, parallel, batch).graph().peak()


def host_buffers(model: Model, context: int, batch: int) -> int:
    """Bytes of the host's part when the layers are on devices: the looked-up embeddings, and the inputs."""
    shape = model.shape
    if shape is None:
        return 0
    tokens = min(batch, cache.pad(context))
    full, window = cache.cells(shape, context, 1, batch, True)
    masks = 2 * tokens * (full + (window if shape.sliding_window else 0))
    return 2 * 4 * tokens * shape.hidden + masks


def activations(model: Model, batch: int) -> int:
    """Bytes of a forward pass outside llama.cpp, in 16 bits: the widest layer, and logits for a few sequences."""
    shape = model.shape
    if shape is None:
        return 0
    widest = max(2 * (shape.ffn or 4 * shape.hidden), 2 * (shape.expert_ffn or 0) * (shape.experts_used or 0))
    return 2 * batch * (4 * shape.hidden + widest) + 4 * 32 * (shape.vocab or 0)


class _Builder:
    """Builds the graph of one architecture. Extents are (fastest, ..., tokens)."""

    def __init__(self, arch: str, shape: Shape, tokens: int, context: int, kv_type: str, parallel: int, batch: int) -> None:
        self.arch = arch
        self.shape = shape
        self.tokens = tokens
        self.turned = tuple(type_ not in ("F16", "F32", "BF16") for type_ in cache.types(kv_type))
        """Whether queries and keys, and values, are rotated before they are quantised."""
        self.gr = Graph()
        self.masks: dict[bool, Node] = {}
        self.full, self.window = cache.cells(shape, context, parallel, batch, parallel == 1)
        self.slides = cache.sliding(shape)
        self.attends = layout.queries(arch, shape)
        self.owns = cache.attends(shape)
        self.recurrent = cache.states(shape, 1)
        self.external = Node((), external=True)
        self.external.visited = True

    def graph(self) -> Graph:
        shape, tokens, graph = self.shape, self.tokens, self.gr
        ids = graph.input(4 * tokens)
        graph.input(4 * tokens * shape.hidden)
        self.positions = graph.input(4 * tokens)
        self.indices = graph.input(8 * tokens)
        # Inputs are placed in the order in which the layers first read them.
        for window in dict.fromkeys(self.slides[layer] for layer in range(shape.layers) if self.attends[layer]):
            graph.input(8 * tokens)
            self.masks[window] = graph.input(2 * tokens * (self.window if window else self.full))
        outputs = graph.input(4 * tokens)
        self.rotation = graph.input(4 * 128 * 128) if any(self.turned) and shape.mla_key_dim is None else None
        current = graph.expand(op(ids, dims=(shape.hidden, tokens)))
        if self.arch.startswith("gemma") or self.arch == "minicpm":
            current = over(current)
        trunk = shape.layers - shape.nextn_layers
        for layer in range(trunk):
            early = layer == trunk - 1 and self.arch not in ROWS_LAST | ROWS_LATE
            current = self.layer(current, layer, outputs if early else None)
        if self.arch in ROWS_LATE:
            current = self.rows(current, outputs)
        normed = self.norm(current)
        if self.arch in ROWS_LAST:
            normed = self.rows(normed, outputs)
        logits = op(normed, dims=(shape.vocab or 0, tokens))
        if self.arch in ("gemma2", "gemma3n", "gemma4"):
            logits = over(over(over(logits)))
        elif self.arch in ("command-r", "cohere2", "granite", "granitemoe", "minicpm"):
            logits = over(logits)
        graph.expand(logits)
        return graph

    def layer(self, residual: Node, layer: int, outputs: Node | None) -> Node:
        normed = self.norm(residual) if self.arch not in ("olmo2", "exaone4") else residual
        mixed = normed
        if self.attends[layer]:
            mixed = self.attention(normed, layer)
        elif self.recurrent[layer]:
            mixed = self.recurrence(normed)
        if self.arch in PARALLEL:
            if outputs is not None:
                mixed, residual, normed = self.rows(mixed, outputs), self.rows(residual, outputs), self.rows(normed, outputs)
            fed = self.feed(normed, layer)
            first, second = (mixed, residual) if self.arch in ("falcon", "phi2") else (residual, mixed)
            return over(over(fed, first), second)
        if outputs is not None:
            mixed, residual = self.rows(mixed, outputs), self.rows(residual, outputs)
        if self.arch in POST_NORM:
            mixed = over(over(mixed))
        added = over(mixed, residual)
        inner = self.norm(added) if self.arch not in ("olmo2", "exaone4") else added
        fed = self.feed(inner, layer)
        if self.arch in POST_NORM:
            fed = over(over(fed))
        return over(fed, added)

    def norm(self, node: Node) -> Node:
        return over(op(node, dims=node.dims)) if self.arch in LAYER_NORM else over(over(node))

    def rows(self, node: Node, outputs: Node) -> Node:
        return op(node, outputs, dims=node.dims)

    def attention(self, x: Node, layer: int) -> Node:
        shape, tokens, graph = self.shape, self.tokens, self.gr
        if shape.mla_key_dim is not None and shape.kv_lora_rank is not None:
            return self.latent(x)
        heads = shape.heads_per_layer[layer] if shape.heads_per_layer else shape.heads or 1
        window = self.slides[layer]
        key = (shape.sliding_head_dim if window else None) or shape.head_dim or shape.hidden // heads
        value = (shape.sliding_value_head_dim if window else None) or shape.value_head_dim or key
        kv = cache.kv_heads(shape, layer)
        if self.arch in layout.FUSED_QKV:
            fused = op(x, dims=((heads + kv) * key + kv * value, tokens))
            q = view(fused, (key, heads, tokens), strided=True)
            k = view(fused, (key, kv, tokens), strided=True)
            v = view(fused, (value, kv, tokens), strided=True)
        else:
            q, k, v = (
                view(op(x, dims=(width * count, tokens)), (width, count, tokens)) for width, count in ((key, heads), (key, kv), (value, kv))
            )
        if self.arch in QK_NORM:
            q, k = over(over(q)), over(over(k))
        if self.arch not in ("gpt2", "bloom", "mpt", "starcoder"):
            q, k = Node(q.dims, (q, self.positions), in_place=True), Node(k.dims, (k, self.positions), in_place=True)
        if self.arch in SEPARATE_SCALE:
            q = over(q)
        of_keys, of_values = self.turned
        if self.rotation is not None and of_keys:
            q, k = self.rotate(q), self.rotate(k)
        if self.rotation is not None and of_values:
            v = self.rotate(v)
        for node in (q, v, k):
            graph.expand(node)
        if self.owns[layer]:
            for node, count, width in ((k, kv, key), (v, kv, value)):
                store = Node((), (view(node, (width * count, tokens)), self.indices), root=self.external, external=True)
                graph.expand(store)
        seen = view(view(q, (key, heads, tokens, 1)), (key, tokens, heads, 1), strided=True)
        mixed = op(seen, self.masks[window], dims=(value, heads, tokens))
        result = graph.expand(view(mixed, (value * heads, tokens)))
        if self.rotation is not None and of_values:
            result = self.rotate(result)
        return op(result, dims=(shape.hidden, tokens))

    def rotate(self, node: Node) -> Node:
        flat = view(node, (128, max(1, _count(node) // 128)))
        assert self.rotation is not None
        return view(op(self.rotation, flat, dims=flat.dims), node.dims)

    def latent(self, x: Node) -> Node:
        shape, tokens, graph = self.shape, self.tokens, self.gr
        rank, rope, heads = shape.kv_lora_rank or 0, shape.rope_head_dim or 0, shape.heads or 1
        key, value = shape.mla_key_dim or 0, shape.mla_value_dim or 0
        if shape.q_lora_rank:
            low = op(x, dims=(shape.q_lora_rank, tokens))
            flat = op(over(over(low)), dims=(heads * key, tokens))
        else:
            flat = op(x, dims=(heads * key, tokens))
        q = view(flat, (key, heads, tokens))
        both = op(x, dims=(rank + rope, tokens))
        compressed = view(both, (rank, tokens), strided=True)
        k_rope = Node((rope, 1, tokens), (view(both, (rope, 1, tokens), strided=True), self.positions), in_place=True)
        compressed = over(Node((rank, tokens), (compressed,), in_place=True))
        q_nope = view(q, (key - rope, heads, tokens), strided=True)
        q_rope = Node((rope, heads, tokens), (view(q, (rope, heads, tokens), strided=True), self.positions), in_place=True)
        absorbed = op(view(q_nope, (key - rope, tokens, heads), strided=True), dims=(rank, tokens, heads))
        query = op(view(absorbed, (rank, heads, tokens), strided=True), q_rope, dims=(rank + rope, heads, tokens))
        latents = view(compressed, (rank, 1, tokens))
        keys = op(latents, k_rope, dims=(rank + rope, 1, tokens))
        for node in (query, latents, keys):
            graph.expand(node)
        graph.expand(Node((), (view(keys, (rank + rope, tokens)), self.indices), root=self.external, external=True))
        seen = view(view(query, (rank + rope, heads, tokens, 1)), (rank + rope, tokens, heads, 1), strided=True)
        mixed = op(seen, self.masks[False], dims=(rank, heads, tokens))
        back = op(view(mixed, (rank, tokens, heads), strided=True), dims=(value, tokens, heads))
        whole = op(view(back, (value, heads, tokens), strided=True), dims=(value, heads, tokens))
        result = graph.expand(view(whole, (value * heads, tokens)))
        return op(result, dims=(shape.hidden, tokens))

    def recurrence(self, x: Node) -> Node:
        """Projections, convolution and scan of a recurrent layer; the widest tensors only."""
        shape, tokens = self.shape, self.tokens
        inner = shape.inner or shape.hidden
        mixed = inner + 2 * (shape.groups or 0) * (shape.state_size or 0)
        projected = op(x, dims=(mixed, tokens))
        gate = op(x, dims=(inner, tokens))
        convolved = op(op(projected, dims=(mixed, tokens + 3)), dims=(mixed, tokens))
        scanned = op(over(convolved), dims=(inner, tokens + (shape.state_size or 0)))
        return op(over(view(scanned, (inner, tokens)), gate), dims=(shape.hidden, tokens))

    def feed(self, x: Node, layer: int) -> Node:
        shape, tokens = self.shape, self.tokens
        if layout.routes(self.arch, shape, layer):
            return self.experts(x)
        width = shape.ffn_per_layer[layer] if shape.ffn_per_layer else shape.ffn or 0
        if not width:
            return x
        if self.arch in layout.FUSED_UP:
            return op(op(op(x, dims=(2 * width, tokens)), dims=(width, tokens)), dims=(shape.hidden, tokens))
        if self.arch in layout.UNGATED:
            return op(over(op(x, dims=(width, tokens))), dims=(shape.hidden, tokens))
        return self.gated(x, width)

    def gated(self, x: Node, width: int) -> Node:
        tokens = self.tokens
        up, gate = op(x, dims=(width, tokens)), op(x, dims=(width, tokens))
        return op(op(gate, up, dims=(width, tokens)), dims=(self.shape.hidden, tokens))

    def experts(self, x: Node) -> Node:
        shape, tokens, graph = self.shape, self.tokens, self.gr
        count, used, width = shape.experts or 1, shape.experts_used or 1, shape.expert_ffn or 1
        hidden = shape.expert_hidden or shape.hidden
        probabilities = over(op(x, dims=(count, tokens)))
        order = op(probabilities, dims=(count, tokens))
        selected = view(order, (used, tokens), strided=True)
        weights = op(view(probabilities, (1, count, tokens)), selected, dims=(1, used, tokens))
        if self.arch in NORMED_WEIGHTS:
            flat = view(weights, (used, tokens))
            weights = view(Node(flat.dims, (flat, over(op(flat, dims=(1, tokens)))), in_place=True), (1, used, tokens))
        graph.expand(weights)
        spread = view(op(x, dims=(hidden, tokens)) if shape.expert_hidden else x, (hidden, 1, tokens))
        up = op(spread, selected, dims=(width, used, tokens))
        gate = op(spread, selected, dims=(width, used, tokens))
        if self.arch == "gpt-oss":
            up, gate = Node(up.dims, (up, selected), in_place=True), Node(gate.dims, (gate, selected), in_place=True)
        mixed = op(op(gate, up, dims=(width, used, tokens)), selected, dims=(hidden, used, tokens))
        mixed = graph.expand(Node(mixed.dims, (mixed, weights), in_place=True))
        parts = [graph.expand(view(mixed, (hidden, tokens), strided=True)) for _ in range(used)]
        total = parts[0]
        for part in parts[1:]:
            total = graph.expand(Node((hidden, tokens), (total, part), in_place=True))
        if used == 1 or shape.expert_hidden:
            total = op(total, dims=(shape.hidden, tokens))
        if not shape.shared_experts and self.arch not in GATED_EXPERT_SHARED:
            return total
        shared = self.gated(x, max(1, shape.shared_experts or 1) * width)
        if self.arch in GATED_EXPERT_SHARED:
            shared = Node(shared.dims, (shared, op(x, dims=(1, tokens))), in_place=True)
        return Node((shape.hidden, tokens), (total, shared), in_place=True)


def _count(node: Node) -> int:
    product = 1
    for extent in node.dims:
        product *= extent
    return product
