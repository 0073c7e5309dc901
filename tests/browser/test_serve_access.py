"""The page of `rolloutsim serve` for everybody: with keys alone, with a screen reader, on a phone, in the dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.served import answered, enter, field, headline, pin, show, write, yaml_of

PHONE = {"width": 360, "height": 740}
WIDTHS = [360, 820, 1440]
_RULES = {"resultTypes": ["violations"]}


def faults(page):
    """What axe finds, of whatever severity, by rule and place."""
    found = Axe().run(page, options=_RULES).response["violations"]
    return [(one["id"], node["target"], node["failureSummary"]) for one in found for node in one["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing(tab, scheme, width):
    page = tab(viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce")
    page.get_by_role("button", name="Apply:").first.wait_for()
    field(page, "nodes").get_by_role("button", name="About").click()
    pin(page, "today")
    for summary in page.locator("#result summary").all():
        summary.click()
    assert faults(page) == []
    show(page, "YAML")
    assert faults(page) == []
    write(page, "rolloutsim: 1\nnodez: 3\n")
    page.locator("#problems", has_text="nodez").wait_for()
    # What is dimmed is out of date, and need not be read.
    page.locator("#answer, .verdict").evaluate_all("parts => parts.forEach(part => part.style.opacity = 1)")
    assert faults(page) == []
    for name in ("Open …", "Save as …", "Keys"):
        page.get_by_role("button", name=name).click()
        assert faults(page) == []
        page.keyboard.press("Escape")


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_sticks_out_of_the_page(tab, width):
    page = tab(viewport={"width": width, "height": 800})
    pin(page, "a variant with a name that is as long as names may get, or nearly")
    for name in ("YAML", "Fields"):
        show(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        out = page.evaluate(
            """() => [...document.querySelectorAll("header *, main *")].filter(part => {
                 const box = part.getBoundingClientRect();
                 return box.width > 1 && box.right > innerWidth + 1 && !part.closest(".wide, .unseen");
               }).map(part => part.outerHTML.slice(0, 80))"""
        )
        assert out == []


def focused(page):
    """What has the focus: the element's id, or its name."""
    return page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")


def test_all_of_it_can_be_done_with_the_keyboard(tab):
    page = tab()
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the answer"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top >= 0")
    page.keyboard.press("Enter")
    assert focused(page) == "result"
    # A value, with the slider and by writing.
    field(page, "nodes").locator("input[type=range]").focus()
    answered(page, lambda: page.keyboard.press("ArrowRight"))
    assert "nodes: 20 " not in yaml_of(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type("20")
    answered(page, lambda: page.keyboard.press("Enter"))
    assert "takes 62.8 s" in headline(page)
    # Help, and out of it.
    field(page, "nodes").get_by_role("button", name="About").press("Enter")
    assert field(page, "nodes").locator(".about").is_visible()
    # To the YAML and back; Tab leaves the editor.
    page.keyboard.press("Control+e")
    assert focused(page) == "tab-yaml"
    page.keyboard.press("Tab")
    assert focused(page) == "editor"
    page.keyboard.press("Tab")
    assert focused(page) != "editor"
    page.keyboard.press("Control+e")
    page.keyboard.press("ArrowRight")
    assert focused(page) == "tab-yaml"
    page.keyboard.press("ArrowLeft")
    assert focused(page) == "tab-fields"
    # Pin, name, apply, unpin.
    page.keyboard.press("Control+b")
    page.keyboard.type("first")
    page.keyboard.press("Enter")
    assert page.locator("#variants input").input_value() == "first"
    button = page.get_by_role("button", name="Apply:").first
    button.focus()
    answered(page, lambda: page.keyboard.press("Enter"))
    assert focused(page) == "what-ifs-head"
    page.get_by_role("button", name="Unpin first").press("Enter")
    assert focused(page) == "pin"
    page.keyboard.press("F1")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("#keys").is_hidden()
    assert page.complaints == []


def test_every_stop_of_the_tab_key_can_be_seen_and_has_a_name(tab):
    page = tab()
    page.get_by_role("button", name="Apply:").first.wait_for()
    stops = []
    for _ in range(150):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            """() => {
              const part = document.activeElement, style = getComputedStyle(part), box = part.getBoundingClientRect();
              if (part === document.body) return null;
              const label = part.labels?.[0]?.textContent ?? part.getAttribute("aria-label") ?? part.textContent.trim();
              const isMarked = style.outlineStyle !== "none" || part.shadowRoot !== null;
              return [part.outerHTML.slice(0, 60), isMarked, box.width > 0, label !== ""];
            }"""
        )
        if stop is None:
            break
        stops.append(stop)
    assert len(stops) > 30
    assert [stop for stop in stops if not all(stop[1:])] == []


def test_a_screen_reader_hears_the_new_answer_and_has_the_numbers_of_pictures(tab):
    page = tab()
    said = page.locator("#announce")
    page.locator("#announce", has_text="takes 62.8").wait_for()
    assert said.get_attribute("role") == "status"
    enter(page, "nodes", "10")
    page.locator("#announce", has_text="takes 62.8").wait_for(state="detached")
    assert headline(page).replace(" ", "") in said.inner_text().replace("\u00a0", "").replace(" ", "")
    landmarks = page.locator("header, main, main > section, main > [role=region]")
    assert landmarks.count() == 5
    for part in ("curve", "causes"):
        page.locator(f"#{part} summary").click()
        assert page.locator(f"#{part} table caption").count() == 1
    assert page.get_by_role("img", name="share of nodes ready").is_visible()
    write(page, "rolloutsim: 1\n")
    page.locator("#announce", has_text="in the scenario").wait_for()


def test_who_wants_no_motion_gets_none(tab):
    page = tab(reduced_motion="reduce")
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter(part => {
             const style = getComputedStyle(part);
             return style.transitionDuration !== "0s" || style.animationName !== "none";
           }).map(part => part.outerHTML.slice(0, 80))"""
    )
    assert moving == []
