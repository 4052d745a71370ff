import 'pretendard/dist/web/variable/pretendardvariable-dynamic-subset.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/markdown.css';
import './styles/print.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { Session } from './chat/session.svelte.ts';
import { locale } from './platform/locale.svelte.ts';
import { place } from './platform/place.svelte.ts';
import { watchStyles } from './platform/styled-import.ts';
import { theme } from './platform/theme.svelte.ts';
import { lazyLabs } from './shell/labs.ts';

watchStyles();
theme.restore();
place.follow();

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');

const session = new Session(document.baseURI);
const labs = lazyLabs(session, document.baseURI);
await locale.restore(location.search);
mount(App, { target, props: { session, labs } });
void session.open(session.defaultSource);
