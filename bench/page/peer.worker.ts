/** transformers.js in a worker, as its documentation describes, with the GPU meter. */
import './gpu-meter.ts';
import { expose } from 'comlink';
import { Peer } from './peer.ts';

expose(new Peer());
