import type { JSX } from 'react';
import { Notes } from './notes';

export default function Page(): JSX.Element {
  return <Notes />;
}
