"""The systemd unit of a daemon: how it is started, watched, reloaded, and what it may touch."""

from pathlib import Path

import msgspec

_HARDENING = """\
# It needs its configuration, its cache and the network, and nothing else of the machine.
UMask=0077
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
ProtectHome=read-only
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
"""

_OF_A_USER = """\
# In a user's own manager these work within a user namespace.
PrivateUsers=yes
"""

_OF_THE_SYSTEM = """\
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectProc=invisible
CapabilityBoundingSet=
"""


class ServiceUnit(msgspec.Struct, frozen=True):
    """What a unit is made of. Every path is absolute."""

    program: list[str]
    """What starts `skew`."""
    config: Path
    database: Path
    state_folders: list[Path]
    """Where crash reports and receipts go, if that is there."""
    user: str | None
    """Who it runs as, under the system's manager; None: in a user's own."""

    @property
    def secrets(self) -> Path:
        """The file of the variables that the configuration names."""
        return self.config.parent / "secrets.env"

    def text(self) -> str:
        """Write the unit. Raises ValueError for a path that no unit can hold."""
        written = [_path(self.database.parent), *(f"-{_path(p)}" for p in self.state_folders)]
        command = [*self.program, "daemon", "--config", str(self.config)]
        lines = [
            "[Unit]",
            "Description=Skew: stock across sales channels",
            "Wants=network-online.target",
            "After=network-online.target",
            "",
            "[Service]",
            "Type=notify",
            *([f"User={self.user}"] if self.user else []),
            f"WorkingDirectory={_path(self.config.parent)}",
            f"EnvironmentFile=-{_path(self.secrets)}",
            f"ExecStart={' '.join(map(_argument, command))}",
            "# `systemctl reload`: a wrong configuration is an incident, and the one before stays.",
            "ExecReload=/bin/kill -HUP $MAINPID",
            "# A large cache may take minutes to be brought up to date before it is ready.",
            "TimeoutStartSec=infinity",
            "TimeoutStopSec=20",
            "WatchdogSec=2min",
            "Restart=on-failure",
            "RestartSec=10",
            "# 2: the configuration is wrong, and starting again would not help.",
            "RestartPreventExitStatus=2",
            "",
            _HARDENING + (_OF_THE_SYSTEM if self.user else _OF_A_USER)
            + f"ReadWritePaths={' '.join(map(_quoted, written))}",
            "",
            "[Install]",
            f"WantedBy={'multi-user.target' if self.user else 'default.target'}",
        ]  # fmt: skip
        return "\n".join(lines) + "\n"


def _path(path: Path) -> str:
    """A path as a unit has it, where `%` begins a specifier."""
    text = str(path)
    if not text.isprintable():
        raise ValueError(f"{text!r} has characters that no unit can hold")
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    """One of several paths, between quotes where it has a blank or a quote."""
    if not set(text) & set(" \"'\\"):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _argument(text: str) -> str:
    """An argument of a command, in which `$` begins a variable too."""
    return _quoted(_path(Path(text)) if "/" in text else text).replace("$", "$$")
