/** The main road without the copy. */
import { benchRoad } from './road-groups.ts';

benchRoad('vhost-nvme', 'nullio');
