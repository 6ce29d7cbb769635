"""Running the service in this process: `denialml serve` ends here.

uvicorn's own access log is off because it prints addresses as sent; ours prints routes.
"""

import uvicorn

from api.access_log import configure_logging
from api.app import create_app
from denialml.settings import Settings

GRACEFUL_SHUTDOWN_SECONDS = 20
KEEP_ALIVE_SECONDS = 30


def make_server(settings: Settings) -> uvicorn.Server:
    """A server for the settings' host and port; `run()` serves until interrupted."""
    configure_logging(settings.log_level)
    return uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            host=settings.host,
            port=settings.port,
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_SECONDS,
            # X-Forwarded-* are believed only from a proxy on this machine.
            proxy_headers=True,
            forwarded_allow_ips="127.0.0.1",
        )
    )


def serve(settings: Settings) -> None:
    """Serve until interrupted."""
    make_server(settings).run()
