// SPDX-License-Identifier: BSL-1.0
// A live page in a real browser, for the tests beside this file (in_browser.sh runs them).
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";

const { chromium } = createRequire(import.meta.url)("playwright-core");

// Tries with growing pauses until it holds.
export async function eventually(what, holds, seconds = 60) {
  const until = performance.now() + seconds * 1000;
  for (let milliseconds = 50; ; milliseconds = Math.min(milliseconds * 1.5, 500)) {
    const value = await holds();
    if (value) return value;
    if (performance.now() > until) throw new Error("never came true: " + what);
    await pause(milliseconds);
  }
}

export function check(what, holds) {
  if (!holds) throw new Error(what);
}

// Runs a test, which gets functions to be called at its end, and prints the first thing that is wrong.
export async function run(test) {
  const atEnd = [];
  try {
    await test((last) => atEnd.push(last));
  } catch (problem) {
    console.error("FAILED: " + problem.stack);
    process.exitCode = 1;
  }
  for (const last of atEnd.reverse()) await last();
}

// Ends a child process, if it still runs.
export async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

export class Page {
  static async open(url) {
    const page = new Page();
    page.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM,
      args: ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync"],
    });
    page.errors = []; // what the browser has logged as an error
    page.tab = await page.browser.newPage({ viewport: { width: 1280, height: 1000 } });
    page.tab.setDefaultTimeout(60000);
    page.tab.on("console", (message) => message.type() === "error" && page.errors.push(message.text()));
    page.tab.on("pageerror", (error) => page.errors.push(error.stack));
    await page.tab.goto(url);
    return page;
  }
  close() { return this.browser.close(); }

  text(selector) { return this.tab.locator(selector).first().innerText(); }
  attribute(selector, name) { return this.tab.locator(selector).first().getAttribute(name); }

  // What the page drew: every value of a curve.
  values(column) { return this.tab.evaluate((of) => samples[of], column); }

  // The large number of a card; undefined if the card is not shown.
  async figure(name) {
    const card = this.tab.locator("#charts .card:visible", { has: this.tab.getByRole("heading", { name, exact: true }) });
    if (await card.count()) return card.locator("strong").innerText();
  }

  async polls(n) {
    const before = (await this.values("time")).length;
    await eventually(`${n} more polls`, async () => (await this.values("time")).length >= before + n);
  }

  // Clicks, and answers the question that this causes. Returns the question.
  async asked(selector, answer) {
    const question = new Promise((resolve) => this.tab.once("dialog", async (dialog) => {
      await dialog[answer]();
      resolve(dialog.message());
    }));
    await this.tab.click(selector);
    return question;
  }

  async picture(name) {
    const folder = process.env.LEASH_SCREENSHOTS;
    if (!folder) return;
    mkdirSync(folder, { recursive: true });
    await this.tab.screenshot({ path: `${folder}/${name}.png` });
  }

  // It can be read in a light and a dark scheme, with and without forced colors, and it fits into 420 pixels.
  async looks(name) {
    for (const scheme of ["light", "dark", "light-forced", "dark-forced"]) {
      const [colorScheme, forced] = scheme.split("-");
      await this.tab.emulateMedia({ colorScheme, forcedColors: forced ? "active" : "none" });
      await this.picture(`${name}-${scheme}`);
      const low = await this.lowContrast();
      check(`its texts can be read (${scheme}): ${low}`, low.length === 0);
      const curves = await this.invisibleCurves();
      check(`its curves can be seen (${scheme}): ${curves}`, curves.length === 0);
      check(`it can be seen which button is pressed (${scheme})`, await this.pressedButtonsDiffer());
      await this.tab.setViewportSize({ width: 420, height: 1000 });
      const wide = await this.tooWide();
      check(`it fits into 420 pixels (${scheme}): ${wide}`, wide.length === 0);
      await this.picture(`${name}-${scheme}-420`);
      await this.tab.setViewportSize({ width: 1280, height: 1000 });
    }
    await this.tab.emulateMedia({ colorScheme: null, forcedColors: null });
  }

  // What is wider than its place: the page, or a list in it.
  tooWide() {
    return this.tab.evaluate(() => [document.documentElement, ...document.querySelectorAll(".scroll")]
      .filter((each) => each.scrollWidth > each.clientWidth)
      .map((each) => `${each.innerText} is ${each.scrollWidth} in ${each.clientWidth}`));
  }

  // The curves whose color is that of what is behind them.
  invisibleCurves() {
    return this.tab.evaluate(() => [...document.querySelectorAll(".card:not([hidden]) .curve")]
      .filter((each) => getComputedStyle(each).stroke === getComputedStyle(each.closest(".card")).backgroundColor)
      .map((each) => each.closest(".card").innerText));
  }

  pressedButtonsDiffer() {
    return this.tab.evaluate(() => {
      const colors = (pressed) => [...document.querySelectorAll(`[aria-pressed=${pressed}]`)]
        .map((each) => getComputedStyle(each).backgroundColor);
      return !colors(true).some((each) => colors(false).includes(each));
    });
  }

  // Texts whose contrast to what is behind them is less than 4.5 (WCAG 2.2, 1.4.3), with the contrast.
  lowContrast() {
    return this.tab.evaluate(() => {
      const channels = (color) => color.match(/[0-9.]+/g).map(Number);
      const linear = (value) => value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
      const luminance = ([red, green, blue]) => 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
      const behind = (node) => {
        const color = node ? channels(getComputedStyle(node).backgroundColor) : [255, 255, 255];
        return color[3] === 0 ? behind(node.parentElement) : color;
      };
      const hasText = (node) => [...node.childNodes].some((each) => each.nodeType === Node.TEXT_NODE && each.data.trim());
      const low = [];
      for (const node of document.querySelectorAll("body *")) {
        if (!hasText(node) || !node.getClientRects().length || node.disabled) continue;
        const style = getComputedStyle(node);
        const text = channels(node instanceof SVGElement ? style.fill : style.color);
        const [dark, light] = [luminance(text), luminance(behind(node))].sort((a, b) => a - b);
        const contrast = (light + 0.05) / (dark + 0.05);
        if (contrast < 4.5) low.push(node.textContent.trim().slice(0, 30) + ": " + contrast.toFixed(2));
      }
      return low;
    });
  }
}
