// A reading as a ref of Vue.

import {
  computed,
  getCurrentInstance,
  onMounted,
  onScopeDispose,
  shallowRef,
  triggerRef,
  watch,
  type ComputedRef,
} from 'vue';
import type { Reading } from '../bindings/reading.js';

/**
 * The value of the reading that `make` makes; it is made anew when what `make` depends on changes. In a component it is listened to from
 * when that is mounted, so never on a server that renders pages; in another scope from now on. It ends with the scope.
 */
export function useReading<Value, Of extends Reading<Value>>(
  make: () => Of & Reading<Value>,
): { readonly reading: ComputedRef<Of>; readonly value: ComputedRef<Value> } {
  const reading = computed(make);
  const changes = shallowRef();
  const value = computed(() => {
    void changes.value;
    return reading.value.read();
  });
  const changed = (): void => triggerRef(changes);
  const follow = (): void => {
    let stop = (): void => {};
    const followOne = ({ listen }: Of): void => {
      stop();
      stop = listen(changed);
      // It may have changed between the first look at it and this.
      changed();
    };
    watch(reading, followOne, { flush: 'sync', immediate: true });
    onScopeDispose(() => stop());
  };
  if (getCurrentInstance() === null) follow();
  else onMounted(follow);
  return { reading, value };
}
