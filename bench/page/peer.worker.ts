/** transformers.js in a worker, as its documentation describes, with the GPU meter. */
import '../../workers/bench/gpu-meter.ts';
import { expose } from 'comlink';
import { ServedPeer } from './peer.ts';

expose(new ServedPeer());
