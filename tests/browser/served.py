"""What the tests of the served page do over and over: change something, and read what comes of it."""


def plain(text):
    return text.replace("\u00a0", " ")


def headline(page):
    return plain(page.locator("#verdict .answer").inner_text())


def answered(page, act):
    """Do something, and wait for the answer to it."""
    before = page.locator("#answer").get_attribute("data-ask")
    act()
    page.locator(f'#answer:not([data-ask="{before}"])').wait_for()
    page.locator('#top[aria-busy="false"]').wait_for()


def yaml_of(page):
    """The text, as the page would keep it over a reload."""
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    return page.evaluate("JSON.parse(Object.values(sessionStorage)[0]).text")


def field(page, key):
    return page.locator(f'.field[data-key="{key}"]')


def enter(page, key, value):
    """Write a value into a field."""
    entry = field(page, key).locator("input[type=text]")
    entry.fill(value)
    answered(page, lambda: entry.press("Enter"))


def write(page, text):
    """Put a text into the editor in place of what is there."""
    show(page, "YAML")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")  # Chromium would give what replaces letters their style, which the policy forbids
    page.keyboard.insert_text(text)


def show(page, name):
    page.get_by_role("tab", name=name).click()


def pin(page, name=""):
    """Pin what there is, under a name if one is given."""
    page.get_by_role("button", name="Pin this one").click()
    if name:
        page.keyboard.type(name)  # the name that it got is selected
        page.keyboard.press("Enter")
