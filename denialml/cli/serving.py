"""`denialml serve`."""

from typing import Annotated

import typer

from denialml.cli.desk import open_desk
from denialml.cli.output import remarks
from denialml.settings import Settings

# How long a stop waits for running requests; then long ones are told to end.
GRACE_SECONDS = 5


def serve(
    host: Annotated[str | None, typer.Option(help="address to listen on")] = None,
    port: Annotated[int | None, typer.Option(help="port to listen on")] = None,
) -> None:
    """Serve the API and the pages (on loopback unless set otherwise)."""
    desk = open_desk()
    changes: dict[str, str | int] = {}
    if host is not None:
        changes["host"] = host
    if port is not None:
        changes["port"] = port
    settings = Settings(**{**desk.settings.model_dump(), **changes})
    desk.engine.dispose()
    remarks.print(f"Serving on http://{settings.host}:{settings.port}/")
    run_server(settings)


def run_server(settings: Settings) -> None:
    """Serve until interrupted: requests in this process, jobs in workers beside it."""
    import uvicorn

    from api.app import create_app
    from api.job_process import worker_processes

    with worker_processes(settings):
        uvicorn.run(
            create_app(settings),
            host=settings.host,
            port=settings.port,
            log_level=settings.log_level,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )


def register(app: typer.Typer) -> None:
    """Add this family's command."""
    app.command("serve")(serve)
