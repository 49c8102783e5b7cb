/** The controller on the target by function calls, without the copy. */
import { benchRoad } from './road-groups.ts';

benchRoad('direct', 'nullio');
