# SPDX-License-Identifier: BSL-1.0
"""A live page in a real browser, for the tests beside this file.

Exit status 77, which skips the test, where chromium, chromedriver or selenium is missing (scripts/bootstrap --browser).
LEASH_SCREENSHOTS=FOLDER keeps pictures of what it saw.
"""

import os
import shutil
import sys
import tempfile
import time

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
except ImportError:
    print("skipped: python3-selenium is not installed (scripts/bootstrap --browser)")
    sys.exit(77)
for tool in ("chromium", "chromedriver"):
    if not shutil.which(tool):
        print(f"skipped: {tool} is not installed (scripts/bootstrap --browser)")
        sys.exit(77)


def eventually(what, holds, seconds=60):
    """Tries with growing pauses until it holds."""
    pause = 0.05
    until = time.monotonic() + seconds
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > until:
            sys.exit(f"FAILED: never came true: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.5)


def check(what, holds):
    if not holds:
        sys.exit(f"FAILED: {what}")


class Page:
    def __init__(self, url):
        self.profile = tempfile.mkdtemp()
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                         "--disable-background-networking", "--disable-component-update", "--disable-sync",
                         "--window-size=1280,1000", "--user-data-dir=" + self.profile):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
        self.driver.get(url)

    def values(self, column):
        """What the page drew: every value of a curve."""
        return self.driver.execute_script("return samples[arguments[0]]", column)

    def text(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector).text

    def click(self, selector):
        self.driver.find_element(By.CSS_SELECTOR, selector).click()

    def attribute(self, selector, name):
        return self.driver.find_element(By.CSS_SELECTOR, selector).get_attribute(name)

    def picture(self, name):
        if folder := os.environ.get("LEASH_SCREENSHOTS"):
            os.makedirs(folder, exist_ok=True)
            self.driver.save_screenshot(os.path.join(folder, name + ".png"))

    def figure(self, name):
        """The large number of a card; None if the card is not shown."""
        for card in self.driver.find_elements(By.CSS_SELECTOR, "#charts .card"):
            if card.find_element(By.TAG_NAME, "h2").text == name:
                return card.find_element(By.TAG_NAME, "strong").text
        return None

    def too_wide(self, width):
        """What is wider than a window of this width: the page, or a list in it."""
        metrics = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        return self.driver.execute_script("""
            return [document.documentElement, ...document.querySelectorAll(".scroll")]
                .filter((each) => each.scrollWidth > each.clientWidth)
                .map((each) => each.innerText + " is " + each.scrollWidth + " in " + each.clientWidth);""")

    def any_width(self):
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def prefers(self, scheme):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def low_contrast(self):
        """Texts whose contrast to what is behind them is less than 4.5 (WCAG 2.2, 1.4.3), with the contrast."""
        return self.driver.execute_script("""
            const channels = (color) => color.match(/[0-9.]+/g).map(Number);
            const linear = (value) => value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
            const luminance = ([red, green, blue]) =>
                0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
            const behind = (node) => {
                const color = node ? channels(getComputedStyle(node).backgroundColor) : [255, 255, 255];
                return color[3] === 0 ? behind(node.parentElement) : color;
            };
            const has_text = (node) =>
                [...node.childNodes].some((each) => each.nodeType === Node.TEXT_NODE && each.data.trim());
            const low = [];
            for (const node of document.querySelectorAll("body *")) {
                if (!has_text(node) || !node.getClientRects().length || node.disabled) continue;
                const style = getComputedStyle(node);
                const text = channels(node instanceof SVGElement ? style.fill : style.color);
                const [dark, light] = [luminance(text), luminance(behind(node))].sort((a, b) => a - b);
                const contrast = (light + 0.05) / (dark + 0.05);
                if (contrast < 4.5) low.push(node.textContent.trim().slice(0, 30) + ": " + contrast.toFixed(2));
            }
            return low;""")

    def complaints(self):
        """What the browser has logged as an error."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def close(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)
