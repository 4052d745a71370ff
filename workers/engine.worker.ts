import { expose } from 'comlink';
import type { EngineApi } from '#core/protocol/engine.ts';
import { Engine } from './engine/engine.ts';

const engine: EngineApi = new Engine();
expose(engine);
