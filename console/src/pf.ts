// What is used of PatternFly, and nothing more: imports by path keep the first load small.
export { Alert, AlertActionCloseButton } from '@patternfly/react-core/dist/esm/components/Alert';
export { Button } from '@patternfly/react-core/dist/esm/components/Button';
export { Checkbox } from '@patternfly/react-core/dist/esm/components/Checkbox';
export { Form, FormGroup, FormHelperText } from '@patternfly/react-core/dist/esm/components/Form';
export { FormSelect, FormSelectOption } from '@patternfly/react-core/dist/esm/components/FormSelect';
export { HelperText, HelperTextItem } from '@patternfly/react-core/dist/esm/components/HelperText';
export { Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core/dist/esm/components/Modal';
export { Radio } from '@patternfly/react-core/dist/esm/components/Radio';
export { Spinner } from '@patternfly/react-core/dist/esm/components/Spinner';
export { TextInput } from '@patternfly/react-core/dist/esm/components/TextInput';
