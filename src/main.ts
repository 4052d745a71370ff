import 'pretendard/dist/web/variable/pretendardvariable-dynamic-subset.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/markdown.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { LoraLab } from './labs/lora/lab.svelte.ts';
import { QuantLab } from './labs/quant/lab.svelte.ts';
import { TokenizerLab } from './labs/tokenizer/lab.svelte.ts';
import { locale } from './platform/locale.svelte.ts';
import { place } from './platform/place.svelte.ts';
import { Session } from './chat/session.svelte.ts';
import { theme } from './platform/theme.svelte.ts';

locale.restore(location.search);
theme.restore();
place.follow();

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');

const session = new Session(document.baseURI);
const tokenizer = new TokenizerLab(document.baseURI);
const lora = new LoraLab(session, document.baseURI);
const quant = new QuantLab(document.baseURI, session);
mount(App, { target, props: { session, tokenizer, lora, quant } });
void session.open(session.defaultSource);
