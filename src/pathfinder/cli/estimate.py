"""`pathfinder estimate`: memory and speed of one model on one host."""

from typing import Annotated, Any

import typer

from pathfinder.errors import ExitStatus


def estimate(
    ctx: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="REF", help="A model by any name, hf:owner/repo, a .gguf file or a folder.")],
    quant: Annotated[str | None, typer.Option(help="Quantisation, such as Q4_K_M.")] = None,
    context: Annotated[int | None, typer.Option(help="Tokens of context of each sequence.")] = None,
    kv_type: Annotated[str, typer.Option(help="Type of the KV cache: f16, q8_0, q4_0, ...; two for keys and values: f16,q8_0.")] = "f16",
    parallel: Annotated[int, typer.Option(help="Sequences held at once.")] = 1,
    batch: Annotated[int, typer.Option(help="Micro-batch in tokens (llama.cpp's -ub).")] = 512,
    engine: Annotated[str, typer.Option(help="Whose rules of memory and speed: llama.cpp, vllm, mlx-lm, transformers, ...")] = "llama.cpp",
    gpu_layers: Annotated[int | None, typer.Option("--gpu-layers", "-ngl", help="Layers on the device; chosen when left out.")] = None,
    expert_layers: Annotated[int, typer.Option("--n-cpu-moe", help="Layers whose experts stay in system memory.")] = 0,
    exact: Annotated[bool, typer.Option("--exact", help="Ask the installed llama.cpp itself (a local GGUF file).")] = False,
    cpu: Annotated[bool, typer.Option("--cpu", help="Leave the devices out.")] = False,
) -> int:
    """How much memory a model takes here, part by part and device by device, and how fast it will be."""
    from pathfinder.cli.hosts import LIVE, Known, answer
    from pathfinder.estimate.asking import Wanted, estimated

    session = ctx.obj
    wanted = Wanted(ref, quant, context, kv_type, parallel, batch, engine, gpu_layers, cpu, session.offline, expert_layers)

    seen: dict[str, Any] = {}

    def one(known: Known) -> tuple[Any, int]:
        seen["facts"] = known.facts
        found = estimated(wanted, known.facts, session.overlay)
        if exact:
            from pathfinder.acting.exact import exact as stated

            found = stated(found, kv_type=kv_type, parallel=parallel, batch=batch)
        if known.name == LIVE and parallel == 1:
            found = _refined(found, engine, known.facts)
        return found, ExitStatus.OK

    def show(found: Any) -> None:
        from pathfinder.cli.session import say, say_folded
        from pathfinder.cli.wish import columns
        from pathfinder.estimate.words import lines

        for line in lines(found, columns()):
            say_folded(line, 4)
        if session.explain:
            from pathfinder.telling.sources import of_estimate

            say("\nWhere the figures come from:")
            for line in of_estimate(found, seen["facts"]):
                say_folded(f"  · {line}", 4)

    return answer(session, one, show)


def _refined(found: Any, engine: str, facts: Any) -> Any:
    """By the speeds that `bench --keep` left on this machine."""
    from pathlib import Path

    from pathfinder.acting.here import live_root
    from pathfinder.deciding.measured import NAME, read, refined

    kept = Path(live_root())
    return refined(found, engine, facts, read(kept)) if (kept / NAME).is_file() else found
