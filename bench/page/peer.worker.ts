/** transformers.js as its documentation runs it in a worker, under the meter. */
import './gpu-meter.ts';
import { expose } from 'comlink';
import { Peer } from './peer.ts';

expose(new Peer());
