"""Images: uint8 arrays (H, W) or (H, W, 1 or 3) in, one array (n, S, S, C) out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grammar_rae.codecs.codec import image_problem
from grammar_rae.errors import DataError, option
from grammar_rae.evaluation.novelty import hashes
from grammar_rae.evaluation.shares import shares
from grammar_rae.files import images as files
from grammar_rae.tasks.task import Drawing, ItemFile, Measurement, Numbers

if TYPE_CHECKING:
    from grammar_rae.grammar.grammar import Grammar
    from grammar_rae.report.html import Html
    from grammar_rae.report.sets import ItemSet, Reference

ACROSS, DOWN = 10, 10  # images of a picture


class Pixels:
    """Images of a folder, an `.npz` or one file; written as an `.npz` or a folder of PNG files."""

    word = "image"
    batch_size = 100  # a CPU's caches hold the planes of no more
    gaps = False
    missing = None
    novelty = False

    def pick(self, items: Sequence[Any], places: Iterable[int]) -> Sequence[Any]:
        """Images of files stay closed."""
        return items.select(places) if isinstance(items, files.Images) else [items[place] for place in places]

    def given(self, items: Any) -> Any:
        """The images of a file or folder by its name; others as they are."""
        return files.read(items) if isinstance(items, str | Path) else items

    def forms(self, items: Sequence[Any]) -> Sequence[Any]:
        """As they are."""
        return items

    def read(self, path: str, column: str | None = None) -> ItemFile:
        """As `files.images.read`; each image is opened when it is asked for."""
        if column is not None:
            raise DataError(
                f"{option('column')} {column}: {path} holds images, which have no columns; leave it out"
            )
        images = files.read(path)
        return ItemFile(images, self.labels(images), [0] * len(images))

    def typed(self, text: str) -> NDArray[np.uint8]:
        """The first image of a file or folder."""
        image: NDArray[np.uint8] = files.read(text)[0]
        return image

    def labels(self, items: Sequence[Any]) -> list[Any]:
        """Where they came from, or their numbers, from 0."""
        places = range(len(items))
        return [items.name(i) for i in places] if isinstance(items, files.Images) else list(places)

    def check(self, path: str) -> None:
        """By its suffix."""
        if path == "-":
            raise DataError(
                f"images do not go to standard output; name an .npz or a folder with {option('out')}"
            )
        if Path(path).suffix not in ("", ".npz"):
            raise DataError(f"{path}: cannot tell the kind of file; expected .npz, or a folder for PNG files")

    def has_columns(self, path: str) -> bool:
        """Never: images are files or one array."""
        return False

    def write(self, path: str, items: NDArray[np.uint8], table: pd.DataFrame | None = None) -> None:
        """The images, whatever their table says."""
        from grammar_rae.files.pictures import write_images

        self.check(path)
        write_images(np.asarray(items), path)

    def finished(self, items: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
        """As they are: no image is left unfinished."""
        return list(items)

    def join(self, items: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """(n, S, S, C) uint8."""
        return np.stack(list(items))

    def key(self, item: NDArray[np.uint8]) -> str:
        """A digest of the shape and the bytes."""
        return blake2b(f"{item.shape}".encode() + item.tobytes(), digest_size=20).hexdigest()


PIXELS = Pixels()


@dataclass(frozen=True)
class ImageReference:
    """What images are compared with: features (n, d) of others of one shape (H, W, C)."""

    features: NDArray[np.floating]
    shape: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.features)


@dataclass(frozen=True)
class ImageTask:
    """Compared with others on the features of a network, `classifier`, `inception` or a TorchScript file."""

    features: str = "classifier"

    name = "images"
    column = "image"
    valid = "valid"
    properties = ()
    colour = "brightness"
    medium = PIXELS
    assessment = "distances"
    spelling = None
    search = None

    @property
    def drawing(self) -> Drawing:
        """Images side by side."""
        return Drawing(_grid, ".3f")

    def derived_by(self, grammar: Grammar | None) -> ImageTask:
        """The same: no grammar writes images."""
        return self

    def recognised(self, strings: Sequence[str]) -> float:
        """Images are no strings."""
        return 0.0

    def canonical(self, items: Sequence[Any]) -> list[str | None]:
        """A digest of shape and bytes."""
        return [None if isinstance(item, str) else PIXELS.key(item) for item in _read(items)]

    def reasons(self, items: Sequence[Any]) -> list[str]:
        """What is wrong with an array's type or shape."""
        return [item if isinstance(item, str) else "" for item in _read(items)]

    def table(self, items: Sequence[Any], forms: Sequence[str | None] | None = None) -> pd.DataFrame:
        """image (its number), valid, reason, canonical, height, width, channels, and brightness from 0 to 1."""
        read = _read(items)
        images = [np.zeros((0, 0, 0), np.uint8) if isinstance(item, str) else item for item in read]
        shapes = np.array([(*image.shape, 1)[:3] for image in images], int).reshape(-1, 3)
        return pd.DataFrame(
            {
                "image": range(len(read)),
                "valid": [not isinstance(item, str) for item in read],
                "reason": [item if isinstance(item, str) else "" for item in read],
                "canonical": [None if isinstance(item, str) else PIXELS.key(item) for item in read],
                "height": shapes[:, 0],
                "width": shapes[:, 1],
                "channels": shapes[:, 2],
                "brightness": [image.mean() / 255 if image.size else np.nan for image in images],
            }
        )

    def seen(self, items: Sequence[Any]) -> NDArray[np.uint64]:
        """Hashes of the bytes."""
        return hashes(form for form in self.canonical(items) if form is not None)

    def shares(
        self,
        items: Sequence[Any],
        seen: NDArray[np.uint64] | Sequence[Any] | None = None,
        forms: Sequence[str | None] | None = None,
    ) -> Numbers:
        """The share of readable images, of different ones and of new ones."""
        return shares(
            self.canonical(items), seen if seen is None or isinstance(seen, np.ndarray) else self.seen(seen)
        )

    def summary(self, table: pd.DataFrame, seen: NDArray[np.uint64] | Sequence[Any] | None = None) -> Numbers:
        """How many, the share that are images where some are not, and the size and channels of the first of these."""
        numbers: Numbers = {"n": len(table)}
        valid = table[table["valid"].astype(bool)]
        if len(valid) < len(table):
            numbers["valid"] = len(valid) / len(table)
        if len(valid):
            numbers |= {"size": int(valid["height"].iloc[0]), "channels": int(valid["channels"].iloc[0])}
        return numbers

    def reference(self, items: Sequence[Any]) -> ImageReference:
        """Features of images of one size."""
        from grammar_rae.evaluation.images.features import network

        images = _stacked(items)
        return ImageReference(network(self.features).of(images), images.shape[1:])

    def reference_table(self, reference: ImageReference) -> pd.DataFrame:
        """Empty: features are no images."""
        return self.table([])

    def measure(
        self,
        items: Sequence[Any],
        reference: ImageReference | None = None,
        seen: NDArray[np.uint64] | Sequence[Any] | None = None,
        fcd: bool = False,
        forms: Sequence[str | None] | None = None,
    ) -> Measurement:
        """The summary; with a reference the Fréchet distance by the network's name, and F8 and F1/8 of precision and
        recall, None of too few images.
        """
        from grammar_rae.evaluation.images.features import network
        from grammar_rae.evaluation.images.metrics import frechet, precision_recall

        if fcd:
            raise DataError(f"the Fréchet ChemNet distance needs molecules; these are {self.name}")
        table = self.table(items)
        numbers = self.summary(table)
        if reference is not None:
            own = self.reference(items)
            if own.shape != reference.shape:
                raise DataError(
                    f"images of shape {own.shape} beside a reference of {reference.shape}; expected one size and colour"
                )
            curve = precision_recall(own.features, reference.features)
            numbers |= {
                network(self.features).name: frechet(own.features, reference.features),
                "f8": None if curve is None else curve.f8,
                "f_eighth": None if curve is None else curve.f_eighth,
            }
        return Measurement(numbers, lambda: table)

    def sections(self, sets: Sequence[ItemSet], reference: Reference | None, score: str) -> list[Html]:
        """Images of each set, and precision over recall."""
        from grammar_rae.report.items import picture_sections, tradeoff_section

        return [*picture_sections(sets), tradeoff_section(sets)]


IMAGES = ImageTask()


def _read(items: Sequence[Any]) -> list[NDArray[np.uint8] | str]:
    """Each image, or why it is none."""
    images = [items] if files.is_image(items) else items
    read: list[NDArray[np.uint8] | str] = []
    for i in range(len(images)):
        try:
            image = np.asarray(images[i])
            read.append(image_problem(image) or image)
        except DataError as error:  # of its file
            read.append(str(error))
        except ValueError:  # lists of several lengths
            read.append(f"{type(images[i]).__name__}; expected an image: uint8, (H, W) or (H, W, 1 or 3)")
    return read


def _stacked(items: Sequence[Any]) -> NDArray[np.uint8]:
    """(n, H, W, C). DataError where an item is no image or the sizes differ."""
    read = _read(items)
    wrong = next((item for item in read if isinstance(item, str)), None)
    if wrong is not None or len({np.shape(item) for item in read}) > 1:
        raise DataError(f"images to compare: {wrong or 'of several sizes'}; expected images of one size")
    images = np.stack([np.asarray(item) for item in read])
    return images if images.ndim == 4 else images[..., None]


def _grid(
    items: Sequence[Any], path: str | Path, legends: Sequence[str] | None = None, most: int | None = None
) -> int:
    """Side by side, without legends; smaller ones on grey."""
    from grammar_rae.files.pictures import padded, write_sheet

    return write_sheet(padded(items), path, ACROSS, DOWN if most is None else -(-most // ACROSS))
