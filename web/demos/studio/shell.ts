// What every page does: it changes between light and dark, and keeps the site for when there is no network.
import { find, siteTop } from './page.js';

const root = document.documentElement;
const system = matchMedia('(prefers-color-scheme: dark)');

function isDark(): boolean {
  return root.dataset.theme ? root.dataset.theme === 'dark' : system.matches;
}

const button = find<HTMLButtonElement>('[data-theme-switch]');
const showTheme = () => button.setAttribute('aria-pressed', String(isDark()));
showTheme();
system.addEventListener('change', showTheme);
button.addEventListener('click', () => {
  root.dataset.theme = isDark() ? 'light' : 'dark';
  try {
    localStorage.setItem('gesso-theme', root.dataset.theme);
  } catch {
    // Where nothing may be stored, the choice lasts as long as the page.
  }
  showTheme();
  document.dispatchEvent(new Event('gesso-theme'));
});

const offline = find('[data-offline]');
const tell = () => {
  if (!navigator.onLine) offline.textContent = offline.dataset.cut ?? '';
  else
    offline.textContent = navigator.serviceWorker?.controller ? (offline.dataset.ready ?? '') : '';
};

async function keepSite(): Promise<void> {
  const top = siteTop();
  const { serviceWorker } = navigator;
  serviceWorker.addEventListener('controllerchange', () => {
    tell();
    const loaded = performance.getEntriesByType('resource').map(({ name }) => name);
    serviceWorker.controller?.postMessage({ loaded });
  });
  await serviceWorker.register(new URL('worker.js', top), { scope: top.pathname });
  tell();
}

window.addEventListener('online', tell);
window.addEventListener('offline', tell);
if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  window.addEventListener('load', () => void keepSite());
}
