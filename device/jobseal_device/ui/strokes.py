"""A signature drawn on the screen: strokes of cells, kept as an SVG picture that any browser shows. Pure."""

MEDIA = "image/svg+xml"
POINTS_MOST = 4000
CELL_HEIGHT = 2  # a cell of a terminal is about twice as high as it is wide

Point = list[int]
Stroke = list[Point]


def begin(strokes: list[Stroke], x: int, y: int) -> None:
    """The pen touches the surface."""
    if _points(strokes) < POINTS_MOST:
        strokes.append([[x, y]])


def draw(strokes: list[Stroke], x: int, y: int) -> None:
    """The pen moves; the cells in between are filled."""
    if not strokes or _points(strokes) >= POINTS_MOST:
        return
    stroke = strokes[-1]
    from_x, from_y = stroke[-1]
    steps = max(abs(x - from_x), abs(y - from_y))
    for step in range(1, steps + 1):
        stroke.append([from_x + round((x - from_x) * step / steps), from_y + round((y - from_y) * step / steps)])


def svg(strokes: list[Stroke]) -> bytes:
    """The strokes as a picture, cut to what was drawn."""
    points = [point for stroke in strokes for point in stroke]
    left, top = min(x for x, _y in points), min(y for _x, y in points)
    width, height = max(x for x, _y in points) - left + 2, (max(y for _x, y in points) - top + 2) * CELL_HEIGHT
    paths = "".join(
        '<polyline points="' + " ".join(f"{x - left + 1},{(y - top + 1) * CELL_HEIGHT}" for x, y in stroke) + '"/>'
        for stroke in strokes
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
    return f'{head}fill="none" stroke="black" stroke-linecap="round" stroke-linejoin="round">{paths}</svg>'.encode()


def _points(strokes: list[Stroke]) -> int:
    return sum(len(stroke) for stroke in strokes)
