import { createRoot } from 'react-dom/client';
import '@patternfly/react-core/dist/styles/base.css';
import { App } from './app';
import { followSystemTheme } from './theme';
// Last, so that it stands above PatternFly's own styles, which come with their components.
import './styles.css';

followSystemTheme();
createRoot(document.getElementById('root')!).render(<App />);
