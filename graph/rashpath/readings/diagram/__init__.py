"""The picture: the graph drawn, alone or with the way of a case through it."""

from rashpath.readings.diagram.compose import Record, compose
from rashpath.readings.diagram.picture import (
    DOTS_PER_INCH,
    LEAST_DOTS_PER_INCH,
    MOST_DOTS_PER_INCH,
    Format,
    Picture,
    draw,
    render,
)
from rashpath.readings.diagram.program import DrawingError
from rashpath.readings.diagram.scene import Detail, Scene

__all__ = [
    "DOTS_PER_INCH",
    "LEAST_DOTS_PER_INCH",
    "MOST_DOTS_PER_INCH",
    "Detail",
    "DrawingError",
    "Format",
    "Picture",
    "Record",
    "Scene",
    "compose",
    "draw",
    "render",
]
