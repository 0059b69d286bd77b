import { type ComputedRef, computed, type InjectionKey, inject, provide, type ShallowRef } from 'vue'
import type { Role } from '../types.ts'

interface Roles {
  roles: ComputedRef<readonly Role[]>
  administrators: ComputedRef<ReadonlySet<string>>
  /** What every role may, and so everybody, logged in or not. */
  publicActions: ComputedRef<ReadonlySet<string>>
}

const KEY: InjectionKey<Roles> = Symbol('roles')

/** Hands the server's policy down to all parts of the page. */
export function provideRoles(loaded: ShallowRef<readonly Role[] | null>): Roles {
  const roles = computed(() => loaded.value ?? [])
  const given: Roles = {
    roles,
    administrators: computed(
      () => new Set(roles.value.filter(({ administrator }) => administrator).map(({ role }) => role)),
    ),
    publicActions: computed(() => {
      const [first, ...others] = roles.value
      return new Set(first?.actions.filter((action) => others.every(({ actions }) => actions.includes(action))))
    }),
  }
  provide(KEY, given)
  return given
}

export function useRoles(): Roles {
  const given = inject(KEY)
  if (!given) throw new Error('a part of the page of accounts stands outside it')
  return given
}
