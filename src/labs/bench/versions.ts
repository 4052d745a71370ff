/** Versions on a run card, as package.json pins them. */
import { dependencies, version } from '../../../package.json';

export const labVersion = version;
export const onnxruntimeVersion = dependencies['onnxruntime-web'];
