// Offers to fetch a model that is not on this machine: how large it is, and where it comes from.
import { cachedModels } from 'gesso';
import { find, showBytes } from './page.js';
import { tell, texts } from './texts.js';

/** What is used of the library's list of known models. */
interface Registry {
  models: Record<string, { addresses: string[]; files: Record<string, { bytes: number }> }>;
}

/**
 * Calls back when somebody wants it, or at once if it has come before.
 *
 * @param names known names: the model, and those that it brings along
 */
export async function offerModel(names: readonly string[], use: () => void): Promise<void> {
  const [favourite = ''] = names;
  const response = await fetch('../gesso/registry.json');
  const { models } = (await response.json()) as Registry;
  const known = models[favourite];
  if (!known) return;
  const kept = await cachedModels().catch(() => []);
  if (kept.some(({ name, complete }) => name === favourite && complete)) {
    use();
    return;
  }
  const files = names.flatMap((name) => Object.values(models[name]?.files ?? {}));
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const host = new URL(known.addresses[0] ?? location.href).host;
  const told = tell(texts.modelElsewhere, { name: favourite, bytes: showBytes(bytes), host });
  // Names are the same in every language.
  const pieces = told.split(namesIn([favourite, host]));
  const offer = find('[data-offer]');
  find('p', offer).replaceChildren(
    ...pieces.map((piece) => (piece === favourite || piece === host ? nameOf(piece) : piece)),
  );
  find('button', offer).addEventListener('click', use);
  offer.hidden = false;
}

function nameOf(text: string): HTMLElement {
  const name = document.createElement('span');
  name.translate = false;
  name.textContent = text;
  return name;
}

/** Where one of these names stands in a text; splits it so that they are pieces of their own. */
function namesIn(names: readonly string[]): RegExp {
  const exact = names.map((name) => name.replace(/[^\w]/g, '\\$&'));
  return new RegExp(`(${exact.join('|')})`);
}
