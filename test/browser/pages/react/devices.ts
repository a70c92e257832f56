// The devices of the user, in one line.

import { createElement as h, type ReactNode } from 'react';
import { useDevices } from '../../../../client/react/index.js';

export function Devices(): ReactNode {
  const { devices, rename } = useDevices();
  const shown = devices?.map(({ name, isThis }) => `${name || 'none'}${isThis ? ' (this)' : ''}`);
  const self = devices?.find(({ isThis }) => isThis);
  return h(
    'section',
    null,
    h('output', { id: 'devices' }, shown?.sort().join(', ') ?? 'none told'),
    h('button', { id: 'rename', onClick: () => void (self && rename(self.id, 'Kitchen')) }, 'Name'),
  );
}
