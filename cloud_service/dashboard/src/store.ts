import { useSyncExternalStore } from "react";

/** A value outside React that components can follow. */
export class Store<Value> {
  private value: Value;
  private readonly followers = new Set<() => void>();

  constructor(value: Value) {
    this.value = value;
  }

  readonly get = (): Value => this.value;

  readonly follow = (follower: () => void): (() => void) => {
    this.followers.add(follower);
    return () => {
      this.followers.delete(follower);
    };
  };

  set(value: Value): void {
    if (!Object.is(value, this.value)) {
      this.value = value;
      for (const follower of this.followers) {
        follower();
      }
    }
  }
}

/** The store's value; the component is drawn anew whenever it changes. */
export function useStore<Value>(store: Store<Value>): Value {
  return useSyncExternalStore(store.follow, store.get);
}
