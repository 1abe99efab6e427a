// The panel of the models that a browser keeps: by mouse and by keyboard.
import { expect, test } from './page.js';

test('a model is pinned, let go and deleted by keyboard', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('link', { name: 'Models on this device' }).click();
  const told = page.getByRole('main').getByRole('status');
  await expect(told).toHaveText('No models are kept yet.');
  await expect(page.getByRole('button', { name: 'Delete all' })).toBeDisabled();

  const input = page.getByLabel('By name or address');
  await input.focus();
  await page.keyboard.type('digits');
  await page.keyboard.press('Enter');
  await expect(told).toHaveText('digits stays here. One model, 186 KB.');
  const pin = page.getByRole('button', { name: 'Pinned: digits' });
  await expect(pin).toHaveAttribute('aria-pressed', 'true');
  await expect(pin).toBeFocused();

  await page.keyboard.press('Space');
  await expect(pin).toHaveAttribute('aria-pressed', 'false');
  await expect(told).toHaveText('digits may go now. One model, 186 KB.');
  await page.reload();
  await expect(pin).toHaveAttribute('aria-pressed', 'false');

  await pin.focus();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Delete digits' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(told).toHaveText('digits is deleted. No models are kept yet.');
  await expect(input).toBeFocused();
});

test('a name that is not known gets the error of the library', async ({ page }) => {
  await page.goto('/storage/');
  await page.getByLabel('By name or address').fill('digts');
  await page.getByRole('button', { name: 'Download and pin' }).click();
  await expect(page.getByRole('alert')).toContainText('pinModel: there is no model "digts"');
  await expect(page.getByRole('alert')).toContainText("'digits'");
});
