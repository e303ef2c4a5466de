import { defineConfig } from 'vitest/config';
import { dropUnusedProperties } from './prune-css.ts';

export default defineConfig({
  base: '/',
  plugins: [
    {
      name: 'drop-unused-properties',
      apply: 'build',
      // PatternFly's base defines every token of every theme; most of them nobody here refers to.
      generateBundle(_options, bundle) {
        const scripts = Object.values(bundle).map((file) => (file.type === 'chunk' ? file.code : ''));
        for (const file of Object.values(bundle)) {
          if (file.type === 'asset' && file.fileName.endsWith('.css')) {
            file.source = dropUnusedProperties(file.source.toString(), scripts.join('\n'));
          }
        }
      },
    },
  ],
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
