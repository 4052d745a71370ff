import { expose } from 'comlink';
import type { LessonsApi } from '#core/protocol/vocabulary.ts';
import { Lessons } from './vocabulary/vocabulary.ts';

const lessons: LessonsApi = new Lessons();
expose(lessons);
