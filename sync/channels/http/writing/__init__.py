"""How a described API's listings are set: `[channels.NAME.write]`."""
