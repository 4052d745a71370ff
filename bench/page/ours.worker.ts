/** The engine's worker as it is, under the meter. */
import './gpu-meter.ts';
import '../../workers/engine.worker.ts';
