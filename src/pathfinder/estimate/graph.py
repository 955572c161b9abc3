"""How large a buffer ggml's graph allocator needs: the algorithm of `ggml-alloc.c`, on sizes alone.

A graph is built of `Node`s in the order ggml would visit them; the allocator reuses a parent in place where ggml does, takes the best
fitting free block, and grows the buffer at its end. Only the high-water mark matters."""

from collections.abc import Iterable

ALIGNMENT = 64
F32 = 4


class Node:
    """A tensor: its extents, what it reads, and how it may be laid over another one."""

    __slots__ = (
        "address",
        "allocated",
        "children",
        "dims",
        "external",
        "in_place",
        "keep",
        "root",
        "size",
        "sources",
        "strided",
        "views",
        "visited",
    )

    def __init__(
        self,
        dims: tuple[int, ...],
        sources: "tuple[Node, ...]" = (),
        *,
        size: int | None = None,
        in_place: bool = False,
        root: "Node | None" = None,
        external: bool = False,
        strided: bool = False,
        keep: bool = False,
    ) -> None:
        self.dims = dims
        self.sources = sources
        self.in_place = in_place
        self.root = root
        self.external = external
        self.strided = strided
        self.keep = keep
        self.children = self.views = self.address = 0
        self.allocated = self.visited = False
        self.size = _aligned(_product(dims) * F32 if size is None else size)


def _product(dims: Iterable[int]) -> int:
    product = 1
    for extent in dims:
        product *= extent
    return product


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


class Graph:
    """Nodes in execution order. `expand` visits what a node needs first, as `ggml_build_forward_expand` does."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.inputs: list[Node] = []

    def input(self, size: int) -> Node:
        node = Node((), size=size)
        node.visited = True
        self.inputs.append(node)
        return node

    def expand(self, node: Node) -> Node:
        stack: list[tuple[Node, int]] = [] if node.visited else [(node, 0)]
        node.visited = True
        while stack:
            current, position = stack.pop()
            if position < len(current.sources):
                stack.append((current, position + 1))
                source = current.sources[position]
                if not source.visited:
                    source.visited = True
                    stack.append((source, 0))
            else:
                self.nodes.append(current)
        return node

    def peak(self) -> int:
        return _Allocator(self).run()


def op(*sources: Node, dims: tuple[int, ...]) -> Node:
    """A node with memory of its own."""
    return Node(dims, sources)


def over(*sources: Node) -> Node:
    """A node of its first source's extents that may take over a source's memory (add, mul, rope, rms_norm, scale ...)."""
    return Node(sources[0].dims, sources, in_place=True)


def view(source: Node, dims: tuple[int, ...], *, strided: bool = False) -> Node:
    """Reshape, view or permute: no memory of its own."""
    return Node(
        dims,
        (source,),
        root=source.root or source,
        external=source.external,
        strided=strided or (source.strided and source.root is not None),
    )


class _Allocator:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.free: list[list[int]] = [[0, 1 << 60]]
        self.high = 0

    def run(self) -> int:
        for node in self.graph.inputs:
            self.place(node)
        for node in self.graph.nodes:
            if node.root is not None:
                node.root.views += 1
            for source in node.sources:
                source.children += 1
        for node in self.graph.nodes:
            self.place(node)
            for source in node.sources:
                self.done(source)
        return self.high

    def place(self, node: Node) -> None:
        if node.allocated or node.external or node.root is not None:
            return
        node.allocated = True
        if node.in_place and self.reuse(node):
            return
        node.address = self.take(node.size)

    def reuse(self, node: Node) -> bool:
        for parent in node.sources:
            if parent.external or parent.keep or parent.dims != node.dims or parent.strided or parent.children != 1 or parent.views != 0:
                continue
            root = parent.root
            if root is None:
                if not parent.allocated:
                    continue
                owner = parent
            elif root.views == 1 and root.children == 0 and root.allocated and not root.keep:
                owner = root
            else:
                continue
            node.address = owner.address
            owner.allocated = False
            if owner.size > node.size:
                self.give(owner.address + node.size, owner.size - node.size)
            return True
        return False

    def done(self, source: Node) -> None:
        source.children -= 1
        if source.children or source.views:
            return
        root = source.root
        if root is not None:
            root.views -= 1
            if root.views == 0 and root.children == 0 and root.allocated:
                self.release(root)
        elif source.allocated:
            self.release(source)

    def release(self, node: Node) -> None:
        if not node.keep and not node.external:
            self.give(node.address, node.size)
            node.allocated = False

    def take(self, size: int) -> int:
        free = self.free
        best, best_size = -1, 1 << 62
        for index in range(len(free) - 1):
            if size <= free[index][1] <= best_size:
                best, best_size = index, free[index][1]
        block = free[best]
        address = block[0]
        block[0] += size
        block[1] -= size
        if block[1] == 0:
            del free[best]
        self.high = max(self.high, address + size)
        return address

    def give(self, address: int, size: int) -> None:
        if size == 0:
            return
        free = self.free
        for index, block in enumerate(free):
            if block[0] + block[1] == address:
                block[1] += size
                if index + 1 < len(free) and block[0] + block[1] == free[index + 1][0]:
                    block[1] += free[index + 1][1]
                    del free[index + 1]
                return
            if address + size == block[0]:
                block[0] = address
                block[1] += size
                if index and free[index - 1][0] + free[index - 1][1] == address:
                    free[index - 1][1] += block[1]
                    del free[index]
                return
        free.append([address, size])
        free.sort()
