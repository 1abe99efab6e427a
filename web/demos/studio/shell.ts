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
let unkept = 0;
const tell = () => {
  const ready = navigator.serviceWorker?.controller && unkept === 0;
  if (!navigator.onLine) offline.textContent = offline.dataset.cut ?? '';
  else offline.textContent = ready ? (offline.dataset.ready ?? '') : '';
};

/** What this page has loaded past the service worker, and still does: handed over to be kept. */
function handOver(worker: ServiceWorker): void {
  const observer = new PerformanceObserver((entries) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      unkept--;
      tell();
    };
    unkept++;
    worker.postMessage({ loaded: entries.getEntries().map(({ name }) => name) }, [port2]);
    tell();
  });
  observer.observe({ type: 'resource', buffered: true });
}

async function keepSite(): Promise<void> {
  const top = siteTop();
  const { serviceWorker } = navigator;
  serviceWorker.addEventListener('controllerchange', () => {
    if (serviceWorker.controller) handOver(serviceWorker.controller);
  });
  await serviceWorker.register(new URL('worker.js', top), { scope: top.pathname });
  tell();
}

window.addEventListener('online', tell);
window.addEventListener('offline', tell);
if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  window.addEventListener('load', () => void keepSite());
}
