// mapshaper comes without types; this is what the tests use of it.
declare module 'mapshaper' {
  const mapshaper: {
    applyCommands(commands: string, input: Record<string, string | Uint8Array>): Promise<Record<string, Uint8Array>>
  }
  export default mapshaper
}
