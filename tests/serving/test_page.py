"""The web page in a real Chromium, its camera a film of a rendered face."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.serving.conftest import Server, encoded, moving
from zoo.provenance.credentials.verifying import verify

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (apt install chromium)")
SECONDS = 60_000  # a busy machine is slow, not broken; milliseconds


@pytest.fixture(scope="module")
def film(portrait: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of a face before a camera, as Motion JPEG, 640 × 480."""
    path = tmp_path_factory.mktemp("film") / "face.mjpeg"
    face = np.array(Pillow.open(_file(portrait, path.parent)).convert("RGB").resize((480, 480)))
    scene = np.pad(face, ((0, 0), (80, 80), (0, 0)), mode="edge")
    path.write_bytes(b"".join(encoded(frame, "JPEG", quality=90) for frame in moving(scene, 24)))
    return path


@pytest.fixture(scope="module")
def browser(film: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={film}",
            ],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The page, opened; anything that goes wrong in it fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    opened.set_default_timeout(SECONDS)
    expect.set_options(timeout=SECONDS)
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on(
        "console",
        lambda message: (
            wrong.append(message.text)
            if message.type == "error" and "Failed to load resource" not in message.text
            else None
        ),
    )
    opened.goto(server.url)
    opened.wait_for_selector("html[data-ready]")
    yield opened
    context.close()
    assert not wrong


def test_from_the_gallery_to_a_download_that_verifies(
    page: Page, couple: bytes, tmp_path: Path
) -> None:
    page.get_by_role("radio", name="bruno").check()
    page.set_input_files("#file", _file(couple, tmp_path))
    expect(page.locator("#download[href]")).to_be_visible()
    expect(page.locator("#facts")).to_contain_text("bruno v1 · 2 faces")

    slider = page.get_by_role("slider", name="Where the photo ends")
    slider.focus()
    slider.press("Home")
    assert page.locator("#picture").evaluate("p => p.style.getPropertyValue('--split')") == "0%"
    slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "1 percent photo, 99 percent swap")

    page.get_by_role("button", name="Face 2 of 2").click()
    expect(page.locator("#facts")).to_contain_text("bruno v1 · 1 face ·")

    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    saved = tmp_path / download.value.suggested_filename
    assert saved.name == "photo-bruno.jpg"
    download.value.save_as(saved)
    done = subprocess.run(
        [sys.executable, "-m", "zoo.cli.main", "verify", str(saved)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bruno" in done.stdout


def test_each_face_gets_an_identity_of_its_own(page: Page, couple: bytes, tmp_path: Path) -> None:
    page.get_by_role("radio", name="ada").check()
    page.set_input_files("#file", _file(couple, tmp_path))
    expect(page.locator("#facts")).to_contain_text("ada v1 · 2 faces")
    page.get_by_label("Identity for face 2").select_option("bruno")
    expect(page.locator("#facts")).to_contain_text("ada v1, bruno v1 · 2 faces")
    page.get_by_role("checkbox", name="Eyes").check()
    strength = page.get_by_role("slider", name="Strength")
    strength.focus()
    strength.press("ArrowLeft")
    expect(page.locator("#strength-shown")).to_have_text("95 %")
    expect(page.locator("#busy")).to_be_hidden()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    saved = tmp_path / download.value.suggested_filename
    assert saved.name == "photo-ada-bruno.jpg"
    download.value.save_as(saved)
    swap = verify(saved).steps[0].swap
    assert (swap["identity"], swap["also"][0]["identity"]) == ("ada", "bruno")
    wanted = {"faces": "0", "map": "1=bruno", "keep": "eyes", "strength": "0.95"}
    assert swap["settings"] == {**wanted, "method": "feather"}


def test_a_person_gets_an_identity_by_a_reference_photo(
    page: Page, couple: bytes, portrait: bytes, tmp_path: Path
) -> None:
    page.get_by_role("radio", name="ada").check()
    page.set_input_files("#file", _file(couple, tmp_path))
    her = tmp_path / 'her "own"=1.png'  # a browser rewrites some of these characters
    her.write_bytes(portrait)
    page.set_input_files("#reference", her)
    expect(page.locator("#facts")).to_contain_text("ada v1, bruno v1 · 2 faces ·")
    meadow = tmp_path / "meadow.png"
    meadow.write_bytes(encoded(np.full((200, 300, 3), (60, 120, 50), np.uint8)))
    page.set_input_files("#reference", meadow)
    problem = page.locator("#photo-error")
    expect(problem).to_contain_text("meadow.png is a reference photo without a detectable face")
    page.get_by_role("button", name="Remove meadow.png").click()
    expect(problem).to_be_hidden()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    swap = verify(saved).steps[0].swap
    assert (swap["identity"], swap["also"][0]["identity"]) == ("ada", "bruno")
    # The person's identity is not the face's: it is kept for the next photo, which lacks them.
    right = np.array(Pillow.open(_file(couple, tmp_path)).convert("RGB"))[:, 320:]
    page.set_input_files("#file", _file(encoded(right), tmp_path))
    expect(page.locator("#facts")).to_contain_text(
        "ada v1 · 1 face · not there: the person in her _own_=1.png"
    )
    expect(page.locator("#tag-after")).to_have_text("ada")


def test_too_large_and_too_many_reference_photos_are_refused_by_the_page(
    page: Page, portrait: bytes, tmp_path: Path
) -> None:
    page.route(
        "**/api/limits",
        lambda route: route.fulfill(
            json={"max_bytes": len(portrait) + 1000, "max_pixels": 10**8, "max_references": 1}
        ),
    )
    page.reload()
    page.wait_for_selector("html[data-ready]")
    page.set_input_files("#file", _file(portrait, tmp_path))
    expect(page.locator("#download[href]")).to_be_visible()
    problem = page.locator("#photo-error")
    large = tmp_path / "large.png"
    large.write_bytes(portrait + bytes(2000))
    page.set_input_files("#reference", large)
    expect(problem).to_contain_text("large.png is 0.")
    page.set_input_files("#reference", _file(portrait, tmp_path))
    expect(problem).to_contain_text("The photo and its reference photos have")
    large.write_bytes(portrait)
    page.set_input_files("#reference", large)
    expect(problem).to_contain_text("large.png is one too many: this server takes 1 reference")


def test_a_photo_without_a_face_is_explained_and_replaced(
    page: Page, portrait: bytes, tmp_path: Path
) -> None:
    meadow = encoded(np.full((200, 300, 3), (60, 120, 50), np.uint8))
    page.set_input_files("#file", _file(meadow, tmp_path))
    expect(page.locator("#photo-error")).to_contain_text("shows no detectable face")
    page.set_input_files("#file", _file(portrait, tmp_path))
    expect(page.locator("#download[href]")).to_be_visible()
    expect(page.locator("#photo-error")).to_be_hidden()


def test_the_camera_comes_back_swapped(page: Page) -> None:
    page.get_by_role("tab", name="Camera").click()
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#rate")).not_to_have_text("–")
    expect(page.locator("#latency")).not_to_have_text("–")
    expect(page.locator("#no-face")).to_be_hidden()
    page.get_by_role("button", name="Take a picture").click()
    expect(page.locator("#download[href]")).to_be_visible()
    expect(page.locator("#camera")).to_be_hidden()


def test_everything_is_reached_by_the_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the picture")).to_be_focused()
    reached = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.add(page.evaluate_handle("document.activeElement").get_property("id").json_value())
    assert {"photo-tab", "theme", "file"} <= reached
    page.locator("#photo-tab").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#camera-tab")).to_be_focused()
    expect(page.get_by_role("button", name="Start the camera")).to_be_visible()


def test_the_theme_is_kept(page: Page) -> None:
    before = page.locator("body").evaluate("b => getComputedStyle(b).backgroundColor")
    page.get_by_role("button", name="Switch between dark and light").click()
    page.reload()
    page.wait_for_selector("html[data-ready]")
    after = page.locator("body").evaluate("b => getComputedStyle(b).backgroundColor")
    assert before != after


def test_nothing_is_wider_than_a_phone(page: Page, couple: bytes, tmp_path: Path) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    page.set_input_files("#file", _file(couple, tmp_path))
    expect(page.locator("#download[href]")).to_be_visible()
    assert page.locator("html").evaluate("h => h.scrollWidth") == 360


def test_the_interfaces_page_shows_each_address(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/docs")
    expect(page.get_by_role("heading", name="POST /api/swap")).to_be_visible()
    expect(page.locator(".operation")).to_have_count(9)


def _file(encoded_photo: bytes, folder: Path) -> Path:
    suffix = ".jpg" if encoded_photo.startswith(b"\xff\xd8") else ".png"
    path = folder / f"photo{suffix}"
    path.write_bytes(encoded_photo)
    return path
