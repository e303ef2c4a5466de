import { defineConfig } from 'vitest/config';

export default defineConfig({
  base: '/',
  build: {
    target: 'es2022',
    // No data: URLs, so that the content security policy can stay strict.
    assetsInlineLimit: 0,
    modulePreload: false,
    // One script on purpose. In an upgrade the controller that answers changes its release: a
    // chunk fetched later could be one that the new release no longer has.
    rolldownOptions: { output: { codeSplitting: false } },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:13200', '/sign-in': 'http://127.0.0.1:13200' } },
  test: { include: ['test/**/*.test.ts'], environment: 'node' },
});
