"""The control-room page: static ES modules and a vendored Leaflet, no build step."""
