select id from {{ ref("mid") }}
