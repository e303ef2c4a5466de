// A real Chromium on the console, and what every story about it needs.
// Arguments of a story: sign-in link, folder for screenshots. It prints one line per thing seen, and ends with 1 on the
// first that is not so.
import { chromium } from 'playwright-core';
import assert from 'node:assert/strict';
import path from 'node:path';

const [link, shots] = process.argv.slice(2);

/** Tells the story; insists that the page was loaded once only and that nothing complained. */
export async function story(tell) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(90_000);

  const complaints = [];
  let loads = 0;
  page.on('pageerror', (error) => complaints.push(`page error: ${error}`));
  page.on('load', () => loads++);
  page.on('console', (message) => {
    // While controllers change over, requests fail: the browser itself writes that down.
    const network = /Failed to load resource|net::ERR_/.test(message.text());
    if (message.type() === 'error' && !network) complaints.push(`console: ${message.text()}`);
  });

  const at = (id) => page.getByTestId(id);
  const shot = (name) => page.screenshot({ path: path.join(shots, `${name}.png`) });
  const seen = (what) => console.log(`seen: ${what}`);
  const go = (place) => page.getByRole('navigation').getByRole('link', { name: place, exact: true }).click();
  /** The bar, which stands on every page, says that state and, if given, that step. */
  const barSays = (state, step) =>
    page.waitForFunction(
      ([wantedState, wantedStep]) => {
        const bar = document.querySelector('[data-testid=upgrade-bar]');
        return bar?.getAttribute('data-state') === wantedState && (!wantedStep || bar.textContent?.includes(wantedStep));
      },
      [state, step],
    );
  const canceled = () =>
    page.waitForFunction(() => document.querySelector('[data-testid=upgrade-state]')?.textContent?.match(/cancel(l)?ed/i));
  const bothOn = async (version) => {
    for (const id of [0, 1]) {
      await page.waitForFunction(
        ([controller, wanted]) =>
          document.querySelector(`[data-testid=controller-${controller}-version]`)?.textContent?.includes(wanted) &&
          document.querySelector(`[data-testid=controller-${controller}-status]`)?.textContent?.match(/online/i),
        [id, version],
      );
    }
  };

  try {
    await page.goto(link);
    await at('controller-0').waitFor();
    const loadsAtStart = loads;
    await tell({ link, page, at, shot, seen, go, barSays, canceled, bothOn });
    assert.equal(loads, loadsAtStart, 'the page was never loaded again');
    assert.deepEqual(complaints, []);
    seen('no reload, no error in the console');
  } catch (error) {
    await shot('failed').catch(() => {});
    console.error(error);
    console.error(await page.locator('body').innerText().catch(() => 'no page'));
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
}
