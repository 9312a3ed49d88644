"""The drawing on paper: a PDF, made by Chromium."""

import hashlib
import pathlib
import shutil
import subprocess
import tempfile

from .failing import fail
from .layout import PAGE


def mark(svg):
    """In the title of the PDF, by which it is known which drawing it shows."""
    return f"The way of one message, {hashlib.sha256(svg.encode()).hexdigest()[:16]}"


def print_pdf(svg, to):
    chromium = shutil.which("chromium") or fail(
        "chromium is missing, which makes the PDF; scripts/install-tools installs it where apt may be used"
    )
    style = (
        f"@page {{ size: {PAGE[0]}px {PAGE[1]}px; margin: 0 }} body {{ margin: 0 }} svg {{ display: block }}"
    )
    with tempfile.TemporaryDirectory() as folder:
        page = pathlib.Path(folder) / "poster.html"
        page.write_text(
            f"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>{mark(svg)}</title><style>{style}</style><body>{svg}"
        )
        flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-pdf-header-footer",
            f"--user-data-dir={folder}/profile",
        ]
        done = subprocess.run(
            [chromium, *flags, f"--print-to-pdf={to}", page.as_uri()],
            capture_output=True,
            text=True,
            timeout=120,
        )
    if done.returncode != 0 or not to.exists():
        fail(f"chromium made no PDF: {done.stderr[-300:]}")
