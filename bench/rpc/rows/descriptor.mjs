/** The schema of the contract for the libraries that take Protocol Buffers: types, and none of its other rules. */
import { create } from '@bufbuild/protobuf';
import {
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';

const FINDING = '.bench.Finding';
const REVIEW = '.bench.Review';

function message(name, fields) {
  const field = Object.entries(fields).map(([key, { type, typeName, repeated }], index) => ({
    name: key,
    jsonName: key,
    number: index + 1,
    label: repeated ? Label.REPEATED : Label.OPTIONAL,
    type,
    ...(typeName && { typeName }),
  }));
  return { name, field };
}

const text = { type: Type.STRING };
const number = { type: Type.UINT32 };

export const descriptorSet = create(FileDescriptorSetSchema, {
  file: [
    {
      name: 'bench.proto',
      package: 'bench',
      syntax: 'proto3',
      messageType: [
        message('Finding', { file: text, line: number, severity: text, rule: text, message: text }),
        message('Review', {
          number,
          repository: text,
          category: text,
          draft: { type: Type.BOOL },
          confidence: { type: Type.DOUBLE },
          labels: { type: Type.STRING, repeated: true },
          findings: { type: Type.MESSAGE, typeName: FINDING, repeated: true },
        }),
      ],
      service: [{ name: 'Reviews', method: [{ name: 'ReviewChange', inputType: REVIEW, outputType: REVIEW }] }],
    },
  ],
});
