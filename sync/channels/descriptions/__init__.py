"""Ready-made descriptions of channels, a TOML file each; a channel's own keys lie over one.

`[description]` says what it describes, how that is proven and how one signs in; `[channel]` has the
keys of a `[channels.NAME]` table, with addresses that are relative to the shop's.
docs/ready-made.md shows how to write one.
"""
