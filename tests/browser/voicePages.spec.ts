// The pages with voices: one that writes with a person, one that learns from a text.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { axe, drop, expect, expectNoSidewaysScroll, needs, picture, shared, test } from './page.js';

const root = resolve(import.meta.dirname, '../..');
const darwin = resolve(shared, 'models/charrnn_darwin/manifest.json');
const example = readFileSync(resolve(root, 'web/sketches/coriolanus.txt'), 'utf8');

const sheet = (page: Page) => page.getByRole('textbox', { name: 'The text' });
const said = (page: Page) => page.locator('.said');
const nexts = (page: Page) => page.locator('.next');
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** The number that an element shows: "97.3 %" → 97.3. */
async function numberIn(element: Locator): Promise<number> {
  return Number.parseFloat((await element.innerText()).replaceAll(',', ''));
}

async function expectNothingForAxe(page: Page): Promise<void> {
  const { violations } = await axe(page).analyze();
  const found = violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  expect(found).toEqual([]);
}

test.describe('writing', () => {
  /** Opens the page with Darwin's voice and waits until it has answered. */
  async function openDarwin(page: Page): Promise<void> {
    needs(darwin);
    await page.goto('/write/');
    const shelf = page.getByRole('combobox', { name: 'On this machine' });
    await shelf.selectOption('../models/charrnn_darwin/manifest.json');
    await expect(button(page, 'Let it write')).toBeEnabled();
    await expect(nexts(page)).toHaveCount(8);
  }

  test('opens with the voice that comes with gesso, and shows its card', async ({ page }) => {
    await page.goto('/write/');
    await expect(button(page, 'Let it write')).toBeEnabled({ timeout: 20_000 });
    await expect(page.locator('[data-card]')).toContainText('Shakespeare');
    await expect(page.locator('[data-card] dt')).toHaveText([
      'Voice',
      'Made by',
      'Whose text',
      'Agreed',
      'Learned on',
      'Text',
      'Loss',
    ]);
    await button(page, 'At once').click();
    await sheet(page).fill('KING:\n');
    await button(page, 'Let it write').click();
    await expect(said(page)).toHaveText(/\w/);
    await expectNothingForAxe(page);
    await picture(page, 'write-shakespeare');
  });

  test('at temperature 0 it goes on as the network would', async ({ page }) => {
    await openDarwin(page);
    await expect(page.getByText('Nobody has said whose text')).toBeVisible();
    await sheet(page).fill('The ');
    const slider = page.getByRole('slider', { name: 'Temperature' });
    await slider.fill('0');
    await expect(slider).toHaveAttribute('aria-valuetext', '0.0, always the most probable');
    await expect(nexts(page).first()).toHaveAccessibleName('a, 100 %');
    await button(page, 'At once').click();
    await button(page, 'Let it write').click();
    await expect(said(page)).toHaveText(
      /^are of the sexes of the sexes of the sexes of the sexes of t/,
    );
    await expect(sheet(page)).toHaveText(/^The are of the sexes/);
    await expect(button(page, 'Let it write')).toBeEnabled();
    expect((await said(page).innerText()).length).toBeGreaterThan(390);
  });

  test('one character at a time, those that a person chooses among them', async ({ page }) => {
    await openDarwin(page);
    await sheet(page).fill('The ');
    await page.getByRole('slider', { name: 'Temperature' }).fill('0');
    for (const text of ['a', 'ar', 'are']) {
      await button(page, 'One character').click();
      await expect(said(page)).toHaveText(text);
      await expect(page.locator('.best .label')).toHaveText(text.at(-1) ?? '');
    }
    await expect(page.locator('.best .next')).toHaveAccessibleName('e, 100 %, chosen');
    await expect(page.locator('.best')).toHaveCount(0); // then they tell what may come after it

    // What is probable after another letter is not what was probable before.
    await page.getByRole('slider', { name: 'Temperature' }).fill('1');
    const second = nexts(page).nth(1);
    await expect(second).not.toHaveAccessibleName(/^e, /);
    const name = (await second.getAttribute('aria-label')) ?? '';
    const before = await nexts(page).allInnerTexts();
    await second.press('Enter');
    await expect(page.locator('[data-spoken]')).toHaveText(`Written: ${name.split(', ')[0]}`);
    await expect.poll(() => nexts(page).allInnerTexts()).not.toEqual(before);
    await expect(said(page)).toHaveText('are'); // what a person chose is the person's
    const total = await nexts(page).evaluateAll((rows) =>
      rows.reduce((sum, row) => {
        const paint = row.querySelector<HTMLElement>('.paint');
        return sum + Number(paint?.style.getPropertyValue('--share'));
      }, 0),
    );
    expect(total).toBeGreaterThan(0.3);
    expect(total).toBeLessThanOrEqual(1.000001);
  });

  test('temperature moves the bars', async ({ page }) => {
    await openDarwin(page);
    await sheet(page).fill('The origin of ');
    const share = () => numberIn(page.locator('.percent').first());
    const shares: number[] = [];
    for (const temperature of ['0', '0.5', '1', '2']) {
      const before = await nexts(page).allInnerTexts();
      await page.getByRole('slider', { name: 'Temperature' }).fill(temperature);
      await expect.poll(() => nexts(page).allInnerTexts()).not.toEqual(before);
      shares.push(await share());
    }
    expect(shares).toEqual(shares.toSorted((a, b) => b - a));
    expect(shares[0]).toBe(100);
    expect(shares.at(-1)).toBeLessThan(60);
  });

  test('works by keyboard, and stops when told', async ({ page }) => {
    await openDarwin(page);
    await sheet(page).focus();
    await page.keyboard.type('One\nday ');
    await expect.poll(() => sheet(page).evaluate((box) => box.textContent)).toBe('One\nday ');
    await page.keyboard.press('Control+Enter');
    await expect(button(page, 'Stop')).toBeVisible();
    await expect.poll(async () => (await said(page).innerText()).length).toBeGreaterThan(4);
    await expect(page.locator('.best')).toHaveCount(1);
    await page.keyboard.press('Escape');
    await expect(button(page, 'Let it write')).toBeVisible();
    const written = await said(page).evaluate((words) => words.textContent ?? '');
    expect(written.length).toBeLessThan(60); // at a pace that can be followed
    await expect(page.locator('[data-spoken]')).toHaveText(/^Written: /);
    await page.waitForTimeout(500);
    expect(await said(page).evaluate((words) => words.textContent)).toBe(written);

    // What is typed after it is the person's own again.
    await sheet(page).focus();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('xyz');
    expect(await said(page).evaluate((words) => words.textContent)).toBe(written);
    expect(await sheet(page).evaluate((box) => box.textContent)).toBe(`One\nday ${written}xyz`);
    await button(page, 'Clear').click();
    await expect(sheet(page)).toBeFocused();
    await expect(sheet(page)).toBeEmpty();
  });

  test('what a keyboard on a screen composes is the words of the person', async ({ page }) => {
    await openDarwin(page);
    await button(page, 'One character').click();
    await expect(said(page)).toHaveCount(1);
    const written = await said(page).evaluate((words) => words.textContent ?? '');
    await sheet(page).focus();
    await page.keyboard.press('Control+End');
    const session = await page.context().newCDPSession(page);
    for (const text of ['a', 'an', 'and']) {
      const place = { selectionStart: text.length, selectionEnd: text.length };
      await session.send('Input.imeSetComposition', { text, ...place });
    }
    await session.send('Input.insertText', { text: 'and' });
    await page.keyboard.type('!');
    expect(await said(page).evaluate((words) => words.textContent)).toBe(written);
    expect(await sheet(page).evaluate((box) => box.textContent)).toBe(`${written}and!`);
  });

  test('tells of what is doubtful about a voice', async ({ page }) => {
    await openDarwin(page);
    const shelf = page.getByRole('combobox', { name: 'On this machine' });
    await shelf.selectOption('../models/charrnn_shakespeare/manifest.json');
    await expect(page.locator('.warnings .what')).toHaveText('vocab.json is damaged.');
    await shelf.selectOption('../models/charrnn_darwin/manifest.json');
    await expect(page.locator('.warnings li')).toHaveCount(0);
  });

  test('names the characters that the voice does not know', async ({ page }) => {
    await openDarwin(page);
    await sheet(page).fill('Ŵeiß ');
    await expect(page.locator('[data-skipped]')).toHaveText(/does not read them: Ŵ ß$/);
    await sheet(page).fill('Idle ');
    await expect(page.locator('[data-skipped]')).toBeHidden();
  });

  test('whoever wants no motion gets whole passages', async ({ page }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.goto('/write/');
    await expect(button(page, 'At once')).toHaveAttribute('aria-pressed', 'true');
  });

  test.describe('what goes wrong', () => {
    test.use({ allowed: [/404/] });

    test('is told where the voice would be', async ({ page }) => {
      await page.goto('/write/');
      await page.getByText('From elsewhere').click();
      await page.getByRole('textbox', { name: 'By name or address' }).fill('shakespear');
      await button(page, 'Load').click();
      await expect(page.locator('[data-model-trouble]')).toContainText("'shakespeare'");
      await expect(page.locator('[data-opinion]')).toHaveText('No voice is loaded.');
      await expect(button(page, 'Let it write')).toBeDisabled();
    });
  });
});

test.describe('teaching', () => {
  const text = (page: Page) => page.getByRole('textbox', { name: 'The text' });

  /** Asks for a network that learns in seconds. */
  async function makeItSmall(page: Page, epochs: number): Promise<void> {
    await page.getByText('How it is built').click();
    await page.getByRole('spinbutton', { name: 'Layers' }).fill('1');
    await page.getByRole('spinbutton', { name: 'Units of each' }).fill('48');
    await page.getByRole('spinbutton', { name: 'Rounds through the text' }).fill(String(epochs));
  }

  async function sayWhose(page: Page): Promise<void> {
    await page.getByRole('textbox', { name: 'Name of the voice' }).fill('A Roman crowd');
    await page.getByRole('textbox', { name: 'Who made it' }).fill('Room 12');
    await page.getByRole('textbox', { name: 'Whose text it is' }).fill('Shakespeare, Coriolanus');
    await page.getByRole('radio', { name: 'It is in the public domain.' }).check();
  }

  test('shows what it will read before it learns', async ({ page }) => {
    await page.goto('/voice/');
    await expect(button(page, 'Train')).toBeDisabled();
    await button(page, 'Take an example').click();
    const size = page.locator('[data-size]');
    const count = example.length;
    await expect(size).toHaveText(
      new RegExp(`^${count.toLocaleString('en')} characters, 59 of them different`),
    );
    await expect(page.locator('.vocabulary li').first()).toHaveText('space');
    await expect(page.locator('.vocabulary li')).toHaveCount(59);
    await expect(button(page, 'Train')).toBeEnabled();

    await page.getByRole('combobox', { name: 'Capital letters' }).selectOption('lower');
    await expect(size).toHaveText(/ 3\d of them different/);
    await text(page).fill('abc. '.repeat(30));
    await expect(page.locator('.warnings')).toContainText(/characters/);
    await page.getByRole('button', { name: 'Clear' }).click();
    await expect(size).toHaveText('There is no text yet.');
    await expect(button(page, 'Train')).toBeDisabled();
  });

  test('suggests how the network is built, but never into a field that somebody is in', async ({
    page,
  }) => {
    await page.goto('/voice/');
    await page.getByText('How it is built').click();
    const rounds = page.getByRole('spinbutton', { name: 'Rounds through the text' });
    const units = page.getByRole('spinbutton', { name: 'Units of each' });
    await text(page).fill(example.slice(0, 15_000));
    await expect(page.locator('[data-size]')).toHaveText(/^15,000/);
    const [many, few] = [await rounds.inputValue(), await units.inputValue()];
    await units.focus();
    await text(page).evaluate((sheet: HTMLTextAreaElement, more) => {
      sheet.value = more;
      sheet.dispatchEvent(new Event('input', { bubbles: true }));
    }, example);
    await expect(page.locator('[data-size]')).toHaveText(/^61,093/);
    await expect(rounds).not.toHaveValue(many);
    await expect(units).toHaveValue(few);
    await units.blur();
    await expect(units).not.toHaveValue(few);
  });

  test('learns a text, writes, says what it copied, and is kept with its card', async ({
    page,
  }) => {
    test.setTimeout(120_000);
    await page.goto('/voice/');
    await text(page).fill(example.slice(0, 12_000));
    await makeItSmall(page, 6);
    await button(page, 'Train').click();
    const loss = page.locator('[data-chart] [data-loss]');
    await expect.poll(() => numberIn(loss)).toBeGreaterThan(2.5);
    await expect(page.locator('[data-told]')).toHaveText('It has learned.', { timeout: 90_000 });
    await expect(page.locator('[data-epoch]')).toHaveText('6 of 6');
    expect(await numberIn(loss)).toBeLessThan(2.9);
    const checked = await numberIn(page.locator('[data-checked]'));
    expect(checked).toBeGreaterThan(1.5);
    expect(checked).toBeLessThan(3.2);
    await expect(page.locator('.written li')).toHaveCount(18);
    await expect(page.locator('.written li').first()).toContainText(
      /^After round 6, temperature 0.4/,
    );
    await expect(page.locator('.written .copied').first()).toHaveText(
      /^Copied: [\d.]+ %; longest passage \d+ characters$/,
    );

    await page.getByRole('textbox', { name: 'Begins with' }).fill('All:\n');
    await button(page, 'Write').click();
    await expect(page.locator('.written li').first()).toContainText(/^Just now, temperature 0.7/);
    expect((await page.locator('.sample-text').first().innerText()).length).toBeGreaterThan(300);
    await expectNothingForAxe(page);
    await picture(page, 'voice-learned');

    // What is given away says first whose it is.
    await expect(button(page, 'As a page')).toBeDisabled();
    await expect(page.locator('[data-share-told]')).toHaveText(
      'Before you give it away, say: its name, who made it, whose text it is, whether they agreed.',
    );
    await sayWhose(page);
    await page.getByRole('radio', { name: 'Nobody was asked.' }).check();
    await expect(page.getByText('Ask them first.')).toBeVisible();
    await expect(button(page, 'As a page')).toBeDisabled();
    await page.getByRole('radio', { name: 'It is in the public domain.' }).check();
    const downloading = page.waitForEvent('download');
    await button(page, 'As a page').click();
    const file = await downloading;
    expect(file.suggestedFilename()).toBe('a-roman-crowd.html');
    expect(readFileSync(await file.path(), 'utf8')).toContain('Room 12');
    await expect(page.getByText('It is among your downloads.')).toBeVisible();

    await button(page, 'Keep it in this browser').click();
    await page.getByRole('link', { name: 'Write with it' }).click();
    await expect(page.locator('[data-card]')).toContainText('A Roman crowd');
    await expect(page.locator('[data-card]')).toContainText('It is in the public domain.');
    await button(page, 'At once').click();
    await button(page, 'Let it write').click();
    await expect(said(page)).toHaveText(/\w/);
  });

  test('waits, goes on, stops when told, and starts over', async ({ page }) => {
    await page.goto('/voice/');
    await text(page).fill(example.slice(0, 20_000));
    await makeItSmall(page, 50);
    await button(page, 'Train').click();
    const bar = page.locator('[data-progress]');
    const done = () => bar.evaluate((element: HTMLProgressElement) => element.value);
    await expect.poll(done, { timeout: 30_000 }).toBeGreaterThan(5);
    await button(page, 'Pause').click();
    await page.waitForTimeout(400);
    const waiting = await done();
    await page.waitForTimeout(400);
    expect(await done()).toBe(waiting);
    await button(page, 'Go on').click();
    await expect.poll(done, { timeout: 20_000 }).toBeGreaterThan(waiting + 100);
    await button(page, 'Stop').click();
    await expect(button(page, 'Train')).toBeVisible();
    await expect(button(page, 'Keep it in this browser')).toBeEnabled();

    const units = page.getByRole('spinbutton', { name: 'Units of each' });
    await expect(units).toBeDisabled(); // its network is there now
    const stopped = await done();
    await button(page, 'Train').click();
    await page.waitForFunction(
      (before) =>
        (document.querySelector<HTMLProgressElement>('[data-progress]')?.value ?? 0) < before,
      stopped,
      { polling: 'raf' }, // it begins anew, and is soon as far again
    );
    await button(page, 'Stop').click();

    await button(page, 'Start over').click();
    await expect(units).toBeEnabled();
    await expect(page.locator('[data-loss]')).toHaveText('–');
    await expect(button(page, 'Keep it in this browser')).toBeDisabled();
    await expect(button(page, 'Write')).toBeDisabled();
  });

  test('goes on after the tab was closed', async ({ page, context }) => {
    test.setTimeout(120_000);
    await page.goto('/voice/');
    await text(page).fill(example);
    await makeItSmall(page, 24);
    await button(page, 'Train').click();
    const done = () =>
      page.evaluate(async () => {
        const address = '/gesso/index.js';
        const { listCheckpoints } = await import(address);
        return (await listCheckpoints())[0]?.done ?? 0;
      });
    await expect.poll(done, { timeout: 60_000 }).toBeGreaterThan(0.05);
    await page.close();

    const again = await context.newPage();
    await again.goto('/voice/');
    await expect(again.getByText(/^A training waits here since/)).toBeVisible();
    await button(again, 'Go on with it').click();
    await expect(again.locator('[data-waiting]')).toBeHidden();
    await expect(again.locator('[data-epoch]')).toHaveText(/ of 24$/, { timeout: 30_000 });
    expect(await numberIn(again.locator('[data-epoch]'))).toBeGreaterThan(2);
    await expect(again.locator('[data-told]')).toHaveText('It has learned.', { timeout: 90_000 });
    expect(await numberIn(again.locator('[data-loss]'))).toBeLessThan(2.4);
    await again.reload();
    await expect(button(again, 'Take an example')).toBeVisible();
    await expect(again.locator('[data-waiting]')).toBeHidden();
  });

  test('learns on from a voice that is there', async ({ page }) => {
    needs(darwin);
    test.setTimeout(120_000);
    await page.goto('/voice/');
    await text(page).fill(example.slice(0, 3_000));
    await page.getByText('How it is built').click();
    await page.getByRole('combobox', { name: 'It begins' }).selectOption('darwin (ml5)');
    await expect(page.getByRole('spinbutton', { name: 'Units of each' })).toBeDisabled();
    await page.getByRole('spinbutton', { name: 'Rounds through the text' }).fill('1');
    await button(page, 'Train').click();
    await expect(page.locator('[data-told]')).toHaveText('It has learned.', { timeout: 90_000 });
    expect(await numberIn(page.locator('[data-loss]'))).toBeLessThan(2.8); // it knew English
  });

  for (const [what, content] of [
    ['one character', 'a'.repeat(5000)],
    ['nothing but spaces', ' \n '.repeat(50)],
  ] as const) {
    test(`a text of ${what} is told of, and learned from only if it can be`, async ({ page }) => {
      await page.goto('/voice/');
      await text(page).fill(content);
      const told = page.locator('.warnings .what, [data-model-trouble] .what');
      await expect(told.first()).toBeVisible();
    });
  }

  test('takes files, also one that is no text, and a long one', async ({ page }) => {
    await page.goto('/voice/');
    const chooser = page.locator('[data-file]');
    const latin = Buffer.from('Grüße aus Köln. '.repeat(200), 'latin1');
    await chooser.setInputFiles({ name: 'old.txt', mimeType: 'text/plain', buffer: latin });
    await expect(text(page)).toHaveValue(/^Grüße aus Köln\. /);
    await chooser.setInputFiles(resolve(shared, 'photos/coffee.png'));
    const told = page.locator('.warnings .what, [data-model-trouble] .what');
    await expect(told.first()).toBeVisible();
    await drop(page, [resolve(root, 'web/sketches/coriolanus.txt')]);
    await expect(text(page)).toHaveValue(example);
    const long = Buffer.from(example.repeat(5));
    await chooser.setInputFiles({ name: 'long.txt', mimeType: 'text/plain', buffer: long });
    await expect(page.locator('[data-size]')).toHaveText(/^30\d,\d{3} characters/);
    await expect(page.getByText('The field shows the first 100,000 characters.')).toBeVisible();
    await expect(text(page)).not.toBeEditable();
    await expectNoSidewaysScroll(page);
  });
});
