"""The page of `rolloutsim serve` in headless Chromium: what somebody does who plays with a scenario."""

import re

import pytest

import rolloutsim as rs
from tests.browser.conftest import serve
from tests.browser.served import answered, enter, field, headline, pin, plain, show, write, yaml_of

SMALL = "{rolloutsim: 1, nodes: 4, network: 1 Gbit/s, images: {a: 10 MB, b: 20 MB}}\n"


def test_it_shows_the_answer_of_run_and_asks_nobody_but_its_server(tab, serving):
    page = tab()
    said = headline(page)
    assert said.startswith("builder, the slowest of 4 cases, takes 62.8 s; the target is under 60 s (5 % over).")
    assert page.locator("#verdict .word").inner_text() == "✗ Missed"
    assert page.locator("h1").inner_text() == "20 nodes behind a 1 Gbit/s registry"
    assert page.locator("#targets tbody tr").count() == 4
    assert page.locator("#causes .bar-row").count() == 4
    assert "registry uplink" in page.locator("#links").inner_text()
    times = [plain(cell) for cell in page.locator("#cases tbody tr td:nth-child(4)").all_inner_texts()]
    assert times == ["0.821 s", "3.05 s", "47.0 s", "62.8 s"]
    page.get_by_role("button", name="Apply: registry uplink 10 Gbit/s").wait_for()
    assert page.complaints == []
    assert {url.startswith(serving.address) for url in page.asked} == {True}


def test_what_is_typed_is_answered_and_the_fields_say_the_same(tab):
    page = tab()
    answered(page, lambda: write(page, SMALL.replace("nodes: 4", "nodes: 40")))
    assert re.match(r"b, the slowest of 2 cases, takes \d.* The scenario sets no target\.", headline(page))
    show(page, "Fields")
    assert field(page, "nodes").locator("input[type=text]").input_value() == "40"
    enter(page, "nodes", "8")
    assert yaml_of(page) == SMALL.replace("nodes: 4", "nodes: 8")


def test_a_slider_edits_the_text_and_one_undo_takes_the_slide_back(tab):
    page = tab()
    before = yaml_of(page)
    slider = field(page, "network").locator("input[type=range]")
    place = int(slider.input_value())
    slider.focus()
    for _ in range(3):
        answered(page, lambda: page.keyboard.press("ArrowRight"))
    after = yaml_of(page)
    shown = field(page, "network").locator("input[type=text]").input_value()
    assert int(slider.input_value()) == place + 3
    assert slider.get_attribute("aria-valuetext") == shown
    assert after == before.replace("network: 1 Gbit/s", f"network: {shown}")
    assert "takes 62.8 s" not in headline(page)
    # Dragged, it is one change, however many values it went over.
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.5, middle)
    page.mouse.down()
    for part in (0.55, 0.6, 0.7, 0.8):
        page.mouse.move(box["x"] + box["width"] * part, middle)
        page.wait_for_timeout(30)
    page.mouse.up()
    page.locator("#file", has_text="changed").wait_for()
    seen = ""
    while seen != (seen := yaml_of(page)):  # until the last value has arrived
        page.wait_for_timeout(500)
    page.locator('#top[aria-busy="false"]').wait_for()
    assert seen != after
    answered(page, lambda: page.get_by_role("button", name="Undo").click())
    assert yaml_of(page) == after
    answered(page, lambda: page.get_by_role("button", name="Redo").click())
    assert yaml_of(page) != after


def test_a_value_that_cannot_be_is_refused_at_its_field(tab):
    page = tab()
    before = yaml_of(page)
    entry = field(page, "network").locator("input[type=text]")
    entry.fill("1 Gb")
    entry.press("Enter")
    error = field(page, "network").locator(".error")
    error.wait_for()
    assert "1 Gbit/s" in error.inner_text()  # what is likely to be meant
    assert entry.get_attribute("aria-invalid") == "true"
    assert yaml_of(page) == before
    entry.press("Escape")
    assert entry.input_value() == "1 Gbit/s"
    assert error.is_hidden()
    size = field(page, "images.builder")
    size.locator("input[type=text]").fill("")
    size.locator("input[type=text]").press("Enter")
    size.locator(".error", has_text="needs a value").wait_for()
    assert yaml_of(page) == before
    page.locator("#find").fill("zzz")
    page.get_by_text("No field is called that").wait_for()


def test_a_broken_text_is_located_and_the_last_good_answer_stays(tab):
    page = tab()
    said = headline(page)
    write(page, SMALL.replace("network", "netwrk"))
    page.locator("#problems", has_text="unknown key 'netwrk'").wait_for()
    assert "did you mean 'network'?" in page.locator("#problems").inner_text()
    assert page.locator(".cm-lintRange-error").first.inner_text() == "netwrk"
    assert headline(page) == said
    assert float(page.locator("#answer").evaluate("part => getComputedStyle(part).opacity")) < 1
    page.locator("#problems .place").first.click()
    assert page.locator("#editor").evaluate("host => document.activeElement === host")
    show(page, "Fields")
    assert page.locator("#fields").evaluate("part => part.disabled")
    answered(page, lambda: page.get_by_role("button", name="Back to what was valid").click())
    assert page.locator("#problems").is_hidden()
    assert headline(page) == said
    shown = page.locator("#answer")
    shown.evaluate("part => Promise.all(part.getAnimations().map((one) => one.finished))")  # it fades in
    assert shown.evaluate("part => getComputedStyle(part).opacity") == "1"


def test_a_what_if_is_applied_with_one_click_and_taken_back(tab):
    page = tab()
    before, said = yaml_of(page), headline(page)
    answered(page, lambda: page.get_by_role("button", name="Apply: registry uplink 10 Gbit/s").click())
    assert headline(page).startswith("builder, the slowest of 4 cases, takes 11.2 s")
    assert page.locator("#verdict .word").inner_text() == "✓ Passed"
    answered(page, lambda: page.keyboard.press("Control+z"))
    assert (yaml_of(page), headline(page)) == (before, said)


def test_three_variants_are_pinned_compared_and_saved(tab, serving):
    page = tab()
    pin(page, "today")
    enter(page, "network", "10 Gbit/s")
    pin(page)
    enter(page, "nodes", "100")
    pin(page, "grown")
    enter(page, "nodes", "50")
    rows = page.locator("#variants tbody tr")
    assert rows.count() == 4
    names = [one.input_value() for one in page.locator("#variants input").all()]
    assert (names[0], names[2]) == ("today", "grown")
    assert names[1].endswith("10 Gbit/s")  # what was changed
    builder = [plain(cell).split("\n") for cell in page.locator("#variants tbody td:nth-child(6)").all_inner_texts()]
    assert [cell[0] for cell in builder] == ["62.8 s", "11.2 s", "34.7 s", "20.0 s"]
    assert [cell[1:] for cell in builder] == [[], ["−82 %"], ["−45 %"], ["−68 %"]]
    # The curve shows them for the slowest case first, and has its numbers as a table.
    assert page.locator("#case").input_value() == "builder"
    assert page.locator("#curve .legend button").all_inner_texts() == ["today", names[1], "grown", "now"]
    page.locator("#curve summary").click()
    assert [plain(cell) for cell in page.locator("#curve tbody td:last-child").all_inner_texts()] == [
        "62.8 s", "11.2 s", "34.7 s", "20.0 s",
    ]  # fmt: skip
    answered(page, lambda: page.get_by_role("button", name="Go back to today").click())
    assert "takes 62.8 s" in headline(page)
    page.get_by_role("button", name="Undo", exact=True).click()
    page.locator("#verdict", has_text="takes 20.0 s").wait_for()
    page.get_by_role("button", name="Save all as YAML …").click()
    page.locator("#besides-name").fill("grow.yaml")
    page.keyboard.press("Enter")
    page.locator("#toast", has_text="Wrote grow.yaml").wait_for()
    text = (serving.folder / "grow.yaml").read_text(encoding="utf-8")
    assert text.startswith((serving.folder / "20nodes.yaml").read_text(encoding="utf-8"))
    saved = rs.load(serving.folder / "grow.yaml")
    assert list(saved.variants) == ["today", "rate-10-Gbit-s", "grown", "now"]
    times = [saved.variant(name).run()["builder"].rollout_time for name in saved.variants]
    assert [f"{time:.1f}" for time in times] == ["62.8", "11.2", "34.7", "20.0"]
    page.get_by_role("button", name="Unpin grown").click()
    assert rows.count() == 3
    page.get_by_label("Name of today").fill(names[1])
    page.keyboard.press("Tab")
    assert page.get_by_label(f"Name of {names[1]} 2").count() == 1  # no two have one name
    assert page.complaints == []


def test_a_long_run_tells_how_far_it_is_and_is_cancelled_by_hand_or_by_the_next_change(tab):
    page = tab()
    said = headline(page)
    page.get_by_role("button", name="Open …").click()
    page.get_by_role("button", name="fleet-10k.yaml").click()
    cancel = page.get_by_role("button", name="Cancel", exact=True)
    cancel.wait_for()
    assert page.locator("#status-text").inner_text().startswith("Simulating")
    assert headline(page) == said
    cancel.click()
    page.locator("#status-text", has_text="Cancelled").wait_for()
    assert headline(page) == said
    page.get_by_role("button", name="Pin this one").click()  # what is shown is no answer to what is asked
    page.locator("#toast", has_text="answers an earlier scenario").wait_for()
    assert page.locator("#variants input").count() == 0
    page.get_by_role("button", name="Run again").click()
    cancel.wait_for()
    answered(page, lambda: write(page, SMALL))
    assert headline(page).startswith("b, the slowest of 2 cases")
    assert page.locator("#status").is_hidden()


def test_a_scenario_is_saved_and_its_report_written(tab, serving):
    page = tab()
    answered(page, lambda: write(page, SMALL))
    page.get_by_role("button", name="Save as …").click()
    page.locator("#saving-name").fill("racks.yaml")
    page.keyboard.press("Enter")
    page.locator("#saving .error", has_text="racks.yaml").wait_for()
    page.get_by_role("button", name="Replace it").wait_for()
    page.locator("#saving-name").fill("mine.yaml")
    page.keyboard.press("Enter")
    page.locator("#toast", has_text="Saved mine.yaml").wait_for()
    assert rs.load(serving.folder / "mine.yaml").run()["b"].rollout_time > 0
    answered(page, lambda: write(page, SMALL.replace("nodes: 4", "nodes: 5")))
    page.keyboard.press("Control+s")
    page.locator("#file", has_text=re.compile("^mine.yaml$")).wait_for()
    assert (serving.folder / "mine.yaml").read_text(encoding="utf-8") == SMALL.replace("nodes: 4", "nodes: 5")
    page.get_by_role("button", name="Write report …").click()
    assert page.locator("#writing-name").input_value() == "mine.html"
    page.keyboard.press("Enter")
    page.locator("#toast", has_text="Wrote mine.html").wait_for()
    assert "<!doctype html>" in (serving.folder / "mine.html").read_text(encoding="utf-8")
    page.get_by_role("button", name="Write report …").click()
    page.locator("#writing-name").fill("../outside.html")
    page.keyboard.press("Enter")
    page.locator("#writing .error", has_text="outside").wait_for()
    assert not (serving.folder.parent / "outside.html").exists()
    page.keyboard.press("Escape")
    # What somebody else has written meanwhile is not lost.
    (serving.folder / "mine.yaml").write_text(f"# theirs\n{SMALL}", encoding="utf-8")
    page.keyboard.press("Control+s")
    page.get_by_role("button", name="Replace it").wait_for()
    assert (serving.folder / "mine.yaml").read_text(encoding="utf-8") == f"# theirs\n{SMALL}"


def test_text_pins_and_history_survive_a_reload(tab):
    page = tab()
    before = yaml_of(page)
    pin(page, "today")
    enter(page, "nodes", "30")
    said, text = headline(page), yaml_of(page)
    page.reload()
    page.locator("#answer[data-ask]").wait_for()
    assert (headline(page), yaml_of(page)) == (said, text)
    assert page.locator("#variants input").input_value() == "today"
    answered(page, lambda: page.keyboard.press("Control+z"))
    assert yaml_of(page) == before


def test_two_tabs_do_not_know_of_each_other(tab):
    one = tab()
    other = tab(context=one.context)
    enter(one, "nodes", "30")
    enter(other, "nodes", "40")
    assert "nodes: 30 " in yaml_of(one)
    assert "nodes: 40 " in yaml_of(other)
    assert headline(one) != headline(other)
    pin(one)
    assert other.locator("#variants input").count() == 0


def test_the_editor_completes_and_explains(tab):
    page = tab()
    write(page, "rolloutsim: 1\nnodes: 4\nimages: {a: 10 MB}\n")
    page.keyboard.type("netw")
    page.locator(".cm-tooltip-autocomplete li", has_text="network").first.wait_for()
    page.wait_for_timeout(100)  # a list that has just come takes no key, so that nobody accepts by chance
    page.keyboard.press("Tab")
    page.locator(".cm-line", has_text="network:").wait_for()
    answered(page, lambda: page.keyboard.type("1 Gbit/s"))
    page.locator(".cm-line", has_text="images").locator("span").first.hover()
    page.locator(".cm-tooltip-hover", has_text="images").wait_for()
    page.locator("#problems").wait_for(state="hidden")


SCRIPT = "<script>window.hit = 1</script>"
IMAGE = "<img src=x onerror='window.hit = 1'>"


def test_script_in_names_is_text(tab):
    page = tab()
    text = (
        f"rolloutsim: 1\nname: {SCRIPT}\nnodes: 2\nnetwork: 1 Gbit/s\n"
        f'images:\n  "{SCRIPT}": 10 MB\n  "{IMAGE}": 10 MB\n  "javascript:window.hit=1": 10 MB\n'
        "thresholds: {rollout_time: max < 1 ms}\n"
    )
    answered(page, lambda: write(page, text))
    page.get_by_role("button", name="Pin this one").click()
    show(page, "Fields")
    answered(page, lambda: write(page, text.replace("nodes: 2", "nodes: 3")))
    write(page, text.replace("images:", f'"{IMAGE}": 3\nimages:'))
    page.locator("#problems", has_text="unknown key").wait_for()
    assert page.locator("h1").inner_text() == SCRIPT
    assert IMAGE in page.locator("#cases").inner_text()
    assert page.locator("main script, main img, main a").count() == 0
    assert page.evaluate("window.hit") is None
    assert page.complaints == []


def test_when_the_server_ends_the_text_stays(tab, tmp_path):
    server = serve(tmp_path, "20nodes")
    page = tab(server)
    server.end()
    page.locator("#status-text", has_text="does not answer").wait_for()
    write(page, SMALL)
    assert yaml_of(page) == SMALL
    assert "takes 62.8 s" in headline(page)


@pytest.mark.parametrize("scenario", ["deployment", "racks"])
def test_other_kinds_of_scenarios_are_shown_as_well(tab, scenario):
    page = tab()
    page.get_by_role("button", name="Open …").click()
    answered(page, lambda: page.get_by_role("button", name=f"{scenario}.yaml", exact=True).click())
    assert re.search(r"\d (s|min)|m\d", headline(page))
    assert page.locator("#links tbody tr").count() >= 1
    assert page.locator(".field").count() > 5
    assert page.complaints == []
