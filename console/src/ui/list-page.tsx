// The frame of a page that lists things: head, loading, the empty state, the table.
import type { ReactNode } from 'react';
import { Card, Empty, ErrorNote, Loading, PageHead, Table, type Column } from './kit';

interface ListPageProps<T> {
  title: string;
  lead: string;
  /** The button that adds one: above the table, or in the empty state. */
  action: ReactNode;
  /** What is to be known before all else. */
  note?: ReactNode;
  data: T[] | null;
  error: unknown;
  empty: string;
  emptyDetail: string;
  columns: Column[];
  testId: string;
  row: (one: T) => ReactNode;
  foot?: (all: T[]) => ReactNode;
}

export function ListPage<T>({ title, lead, action, note, data, error, empty, emptyDetail, columns, testId, row, foot }: ListPageProps<T>) {
  return (
    <>
      <PageHead title={title} lead={lead} actions={data && data.length > 0 && action} />
      {note}
      <ErrorNote error={error} />
      {!data && !error && <Loading />}
      {data?.length === 0 && (
        <Card>
          <Empty title={empty} action={action}>
            {emptyDetail}
          </Empty>
        </Card>
      )}
      {data && data.length > 0 && (
        <Card className="b-card-flush">
          <Table label={title} testId={testId} columns={columns}>
            {data.map(row)}
          </Table>
          {foot?.(data)}
        </Card>
      )}
    </>
  );
}
