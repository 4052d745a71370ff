import 'pretendard/dist/web/variable/pretendardvariable-dynamic-subset.css';
import './styles/long-text-font.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/markdown.css';
import './styles/print.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { Session } from './chat/session.svelte.ts';
import { askedPackage } from './platform/asked-package.ts';
import { readKiosk } from './platform/kiosk.ts';
import { locale } from './platform/locale.svelte.ts';
import { offline } from './platform/offline.svelte.ts';
import { place } from './platform/place.svelte.ts';
import { watchStyles } from './platform/styled-import.ts';
import { theme } from './platform/theme.svelte.ts';
import { lazyLabs } from './shell/labs.ts';

watchStyles();
theme.restore();
place.follow();

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');

/** The page does not wait longer for what was kept; it may still come afterwards. */
const RESTORE_MILLISECONDS = 1500;
const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

const kiosk = readKiosk(location.search);
const session = new Session(document.baseURI, kiosk !== undefined);
const labs = lazyLabs(session, document.baseURI);
const asked = askedPackage(location.search, document.baseURI);
// The model opens, and the lab's code loads, while the page waits for its language and for what was kept.
const opened = session.open(asked.type === 'ok' ? { type: 'url', url: asked.url } : session.defaultSource);
const language = locale.restore(location.search);
// In the language that is shown, so that no other messages are fetched. LabSlot shows a failure.
const loadLab = async () => {
  await labs[place.lab].load();
};
void language.then(loadLab).catch(() => undefined);
await Promise.all([language, Promise.race([session.restore(), pause(RESTORE_MILLISECONDS)])]);
// In place of what index.html shows until now.
target.replaceChildren();
mount(App, { target, props: { session, labs, kiosk } });

await opened;
// What the visitor waits for came first. The development server has no service worker.
if (import.meta.env.PROD) whenIdle(() => void offline.start(document.baseURI, () => session.isBusy));

/** Safari has no requestIdleCallback. */
function whenIdle(work: () => void): void {
  if ('requestIdleCallback' in window) requestIdleCallback(work, { timeout: 5000 });
  else setTimeout(work, 1000);
}
