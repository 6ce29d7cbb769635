"""A real browser, no JavaScript, by keyboard: from the entrance to the packet."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.api.running import Running

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM.exists(), reason="needs Debian's chromium (apt install chromium)"
    ),
]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=ARGUMENTS
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, running: Running) -> Iterator[Page]:
    """A page that runs no script and notes every request that leaves the service."""
    context = chromium.new_context(java_script_enabled=False, base_url=running.url)
    page = context.new_page()
    strangers: list[str] = []
    complaints: list[str] = []
    page.on(
        "request",
        lambda request: (
            strangers.append(request.url)
            if not request.url.startswith(running.url)
            else None
        ),
    )
    page.on("console", lambda message: complaints.append(message.text))
    yield page
    context.close()
    assert strangers == []
    # Chromium reports a violated content security policy on the console.
    assert [it for it in complaints if "Content Security Policy" in it] == []


def sign_in(page: Page, key: str) -> None:
    page.goto("/")
    page.get_by_label("API key").fill(key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Denials", level=1)).to_be_visible()


def upload(page: Page, running: Running, directory: Path) -> None:
    """Have the outgoing claims scored."""
    file = directory / "outgoing.edi"
    file.write_bytes(running.outgoing)
    page.get_by_role("link", name="Outgoing claims").click()
    page.get_by_label("Choose the file").set_input_files(file)
    page.get_by_role("button", name="Show the risk").click()
    expect(page.get_by_role("heading", name="then the riskiest")).to_be_visible()


def test_from_the_entrance_to_the_packet_by_keyboard(
    page: Page, running: Running, harbor: str
) -> None:
    sign_in(page, running.key(harbor))
    page.get_by_label("Next step").focus()
    page.get_by_label("Next step").select_option("appeal")
    page.get_by_role("button", name="Show").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("route=appeal"))
    page.get_by_role("rowheader").first.get_by_role("link").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Why", exact=True)).to_be_visible()
    page.get_by_role("button", name="Draft the appeal").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/appeals/"))
    expect(page.get_by_role("heading", name="Before it is sent")).to_be_visible()
    page.get_by_role("button", name="Sign out").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("API key")).to_be_visible()


def test_a_cause_is_confirmed_by_keyboard(
    page: Page, running: Running, harbor: str
) -> None:
    sign_in(page, running.key(harbor))
    page.get_by_role("rowheader").first.get_by_role("link").click()
    page.get_by_label("Cause").select_option("timely_filing")
    page.get_by_role("button", name="Confirm the cause").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Confirmed by a person on")).to_be_visible()
    expect(page.get_by_role("heading", name="What people said")).to_be_visible()
    page.get_by_label("Cause").select_option("take_back")
    page.get_by_role("button", name="Confirm the cause").click()
    expect(page.get_by_text("taken back")).to_be_visible()
    expect(page.get_by_text("Confirmed by a person on")).to_be_hidden()


def test_an_outgoing_file_is_uploaded_and_its_risk_read(
    page: Page, running: Running, harbor: str, tmp_path: Path
) -> None:
    sign_in(page, running.key(harbor))
    upload(page, running, tmp_path)
    claims = running.outgoing.count(b"CLM*")
    assert page.get_by_role("article").count() == claims
    # Every claim says what to do, and assistive software can jump to it.
    assert page.get_by_role("region", name="What to do").count() == claims
    assert page.get_by_role("heading", name="What to do", level=4).count() == claims


@pytest.mark.parametrize("width", [320, 768])
def test_what_to_do_fits_the_screen(
    chromium: Browser, running: Running, harbor: str, tmp_path: Path, width: int
) -> None:
    context = chromium.new_context(
        base_url=running.url, viewport={"width": width, "height": 800}
    )
    page = context.new_page()
    sign_in(page, running.key(harbor))
    upload(page, running, tmp_path)
    page.evaluate("document.querySelectorAll('.todo details').forEach(d => d.open = 1)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_every_stop_of_the_keyboard_can_be_seen(
    page: Page, running: Running, harbor: str
) -> None:
    sign_in(page, running.key(harbor))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    for name in ("denialml", "Denials", "Outgoing claims", "API"):
        page.keyboard.press("Tab")
        link = page.get_by_role("banner").get_by_role("link", name=name, exact=True)
        expect(link).to_be_focused()
        box = link.bounding_box()
        assert box is not None
        assert box["height"] >= 20


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("path", ["/denials", "/claims", "/docs", "/"])
def test_no_page_is_wider_than_the_screen(
    chromium: Browser, running: Running, harbor: str, width: int, path: str
) -> None:
    context = chromium.new_context(
        base_url=running.url, viewport={"width": width, "height": 800}
    )
    page = context.new_page()
    sign_in(page, running.key(harbor))
    page.goto(path)
    # The browser's own evaluation; the page itself may run no script.
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_a_script_in_a_page_would_not_run(
    chromium: Browser, running: Running, harbor: str
) -> None:
    """With scripts switched on, the policy alone keeps an injected one from running."""
    context = chromium.new_context(base_url=running.url)
    page = context.new_page()
    reported: list[str] = []
    page.on("console", lambda message: reported.append(message.text))
    sign_in(page, running.key(harbor))
    page.evaluate(
        "() => { const s = document.createElement('script');"
        " s.textContent = 'document.title = \"ran\"'; document.body.append(s); }"
    )
    assert page.title() != "ran"
    assert any("Content Security Policy" in text for text in reported)
    context.close()


CONTRAST = """() => {
  const lum = c => { const f = c.map(v => { v /= 255;
      return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); });
    return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2]; };
  const rgb = s => s.match(/[\\d.]+/g).map(Number);
  const ground = el => { for (; el; el = el.parentElement) {
      const c = rgb(getComputedStyle(el).backgroundColor);
      if (c.length < 4 || c[3] > 0.99) return c.slice(0, 3); }
    return [255, 255, 255]; };
  const bad = [];
  for (const el of document.querySelectorAll('main *, header *, footer *, .banner')) {
    const text = [...el.childNodes].filter(n => n.nodeType === 3)
      .map(n => n.textContent.trim()).join('');
    if (!text || !el.getClientRects().length) continue;
    const a = lum(rgb(getComputedStyle(el).color).slice(0, 3));
    const b = lum(ground(el));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push(el.tagName + '.' + el.className + ' ' + ratio.toFixed(2));
  }
  return [...new Set(bad)];
}"""


def contrast_faults(page: Page) -> list[str]:
    """Texts that stand out too little, once the page and its styles are there."""
    page.wait_for_load_state("load")
    found: list[str] = page.evaluate(CONTRAST)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(
    chromium: Browser, running: Running, harbor: str, scheme: str, tmp_path: Path
) -> None:
    """WCAG 1.4.3 on every text of the pages, in both color schemes."""
    context = chromium.new_context(base_url=running.url, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto("/")
    assert contrast_faults(page) == []
    sign_in(page, running.key(harbor))
    assert contrast_faults(page) == []
    page.get_by_role("rowheader").first.get_by_role("link").click()
    assert contrast_faults(page) == []
    upload(page, running, tmp_path)
    assert contrast_faults(page) == []
    page.goto("/docs")
    assert contrast_faults(page) == []
    context.close()
