import { createRoot } from 'react-dom/client';
import '@patternfly/react-core/dist/styles/base.css';
import { Button } from '@patternfly/react-core/dist/esm/components/Button';
createRoot(document.getElementById('root')!).render(<Button>Bascule</Button>);
